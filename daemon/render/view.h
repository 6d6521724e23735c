/*
 * view.h - where a picture is taken from: eye, axes and projection, from a preset, from the
 * project's camera, or from eye, target and up; and the distance needed to show a whole box.
 *
 * Right-handed, Z up; a voxel fills [x, x+1] on each axis. Vectors are unit length.
 */
#ifndef DAEMON_RENDER_VIEW_H
#define DAEMON_RENDER_VIEW_H

#include <stdbool.h>

#include "daemon/voxel/box.h"
#include "daemon/voxel/document.h"

struct view {
	double eye[3];
	double right[3];
	double up[3];
	double forward[3];
	bool ortho;
	double half_height; /* at distance 1 (perspective) or everywhere (ortho) */
};

struct view_preset {
	const char *name;
	double turn_deg; /* around Z */
	double tilt_deg; /* around the camera's X; 0 looks straight down, 90 at the horizon */
	const char *summary;
};

/* The seven presets of Goxel with its intended angles, and "default"; ends with a NULL name. */
extern const struct view_preset view_presets[];

const struct view_preset *view_preset_find(const char *name, size_t len); /* NULL: unknown */

/* Looks at the middle of the box from the preset's side, with all of it in the picture. aspect =
 * width / height. */
void view_from_preset(struct view *v, const struct view_preset *preset, const struct box *box,
		      double fov_deg, bool ortho, double aspect);

/* Uses the camera as it is. */
void view_from_camera(struct view *v, const struct camera *c);

/* fov_deg is vertical. With ortho the picture is as high as a perspective one is at the target. An
 * up vector parallel to the line of sight is replaced. */
void view_look(struct view *v, const double eye[3], const double target[3], const double up[3],
	       double fov_deg, bool ortho);

/* Aims at the middle of the box and moves the eye along the line of sight, so that the box fills
 * the picture with a small margin. */
void view_frame(struct view *v, const struct box *box, double fov_deg, double aspect);

#endif
