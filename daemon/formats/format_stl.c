/* Binary .stl: triangles without color. Z stays up, as in 3D printing. */
#include <errno.h>

#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/mesh.h"
#include "daemon/formats/registry.h"

enum { STL_HEADER_BYTES = 80 }; /* must not begin with "solid", which marks a text file */

static void write_point(struct strbuf *out, const struct mesh_point *p)
{
	for (int i = 0; i < 3; i++)
		put_f32(out, (float)p->at[i]);
}

static void write_triangle(struct strbuf *out, int side, const struct mesh_point *corners[3])
{
	for (int i = 0; i < 3; i++)
		put_f32(out, mesh_normals[side][i]);
	for (int i = 0; i < 3; i++)
		write_point(out, corners[i]);
	strbuf_add(out, "\0", 2); /* no attributes */
}

static int stl_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	char header[STL_HEADER_BYTES] = "Goxel " GOXEL_DAEMON_VERSION;
	struct mesh mesh = { 0 };
	int rc = mesh_build(doc, options, &mesh, err);

	if (rc == 0) {
		strbuf_add(out, header, sizeof(header));
		put_u32(out, (uint32_t)(2 * mesh.quads_count));
	}
	for (size_t i = 0; rc == 0 && i < mesh.quads_count; i++) {
		struct mesh_point p[4];

		rc = i % MESH_PART ? 0 : format_fits(out, err);
		mesh_corners(&mesh.quads[i], p);
		write_triangle(out, mesh.quads[i].side,
			       (const struct mesh_point *[]){ &p[0], &p[1], &p[2] });
		write_triangle(out, mesh.quads[i].side,
			       (const struct mesh_point *[]){ &p[2], &p[3], &p[0] });
	}
	mesh_deinit(&mesh);
	return rc;
}

const struct format format_stl = {
	.name = "stl",
	.aliases = NULL,
	.extensions = (const char *const[]){ ".stl", NULL },
	.summary = "triangles for 3D printing, without colors",
	.write = stl_write,
};
