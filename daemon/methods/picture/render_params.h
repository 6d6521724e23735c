/* render_params.h - the parameters of render_scene in all their spellings. */
#ifndef DAEMON_METHODS_PICTURE_RENDER_PARAMS_H
#define DAEMON_METHODS_PICTURE_RENDER_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/methods/args.h"
#include "daemon/render/view.h"

enum { RENDER_ANGLES_MAX = 16 };

enum render_return {
	RENDER_TO_PATH, /* a file that the client named */
	RENDER_TO_FILE, /* a file that the daemon names and later deletes */
	RENDER_INLINE,  /* base64 in the reply */
};

/* How the eye is given. */
enum render_camera {
	RENDER_BY_PROJECT, /* not given: the project's camera, or framed when that was never set */
	RENDER_BY_ANGLES,
	RENDER_BY_LOOK, /* eye, target, up */
	RENDER_BY_TURN, /* distance, yaw, pitch around the target */
};

struct render_params {
	uint32_t width;
	uint32_t height;
	rgba background;
	enum render_return to;
	struct span path;    /* empty: none given */
	struct span session; /* of the managed file's name */

	enum render_camera camera;
	const struct view_preset *angles[RENDER_ANGLES_MAX];
	size_t angles_count;
	bool is_list; /* the reply is a list of pictures */
	bool has_eye, has_target, has_distance;
	double eye[3], target[3], up[3];
	double distance, yaw_deg, pitch_deg;
	double fov_deg;
	bool ortho;

	bool is_flat, occlusion, shadow, smooth;
	unsigned threads_max; /* 0: the default number */
	bool has_progress;
	int project_index; /* of project_id in the parameters */
};

/* The parameters of render_scene; positional: output_path, width, height. */
extern const struct param render_scene_params[];

/* Reads call->args, sorted by render_scene_params. -EPROTO with the fault. */
int render_params_read(struct call *call, struct render_params *out);

/* All that picture number `index` depends on, except the voxels. Compared as bytes: equal keys of
 * equal documents give equal pictures. */
struct render_key {
	uint64_t version; /* of the document */
	int32_t project_id;
	uint32_t width, height;
	rgba background;
	uint8_t is_flat, occlusion, shadow, smooth;
	uint8_t camera, has_target, has_distance, ortho;
	const struct view_preset *angle;
	double eye[3], target[3], up[3];
	double distance, yaw_deg, pitch_deg, fov_deg;
};
void render_params_key(const struct render_params *rp, size_t index, struct render_key *out);

/* Eye, axes and projection of picture number `index`. box: of the voxels; camera: the project's,
 * or NULL. */
void render_params_view(const struct render_params *rp, size_t index, const struct box *box,
			const struct camera *camera, struct view *out);

#endif
