/* Text .ply: quads with byte colors at the vertices, as readers of the format expect. Y is up. */

#include "daemon/base/version.h"
#include "daemon/formats/mesh.h"
#include "daemon/formats/registry.h"

static void write_header(size_t vertices, size_t faces, struct strbuf *out)
{
	strbuf_add_str(out, "ply\nformat ascii 1.0\ncomment Goxel " GOXEL_DAEMON_VERSION "\n");
	strbuf_addf(out, "element vertex %zu\n", vertices);
	strbuf_add_str(out, "property float x\nproperty float y\nproperty float z\n"
			    "property uchar red\nproperty uchar green\nproperty uchar blue\n"
			    "property uchar alpha\n");
	strbuf_addf(out,
		    "element face %zu\nproperty list uchar int vertex_indices\n"
		    "end_header\n",
		    faces);
}

static int write_body(const struct mesh *mesh, const struct mesh_weld *weld, struct strbuf *out,
		      struct err *err)
{
	for (size_t i = 0; i < weld->vertices_count; i++) {
		rgba c = weld->vertices[i].color;
		struct mesh_point p = mesh_y_up(weld->vertices[i].point);
		int rc = i % MESH_PART ? 0 : format_fits(out, err);

		if (rc < 0)
			return rc;
		strbuf_addf(out, "%lld %lld %lld %u %u %u %u\n", (long long)p.at[0],
			    (long long)p.at[1], (long long)p.at[2], rgba_r(c), rgba_g(c), rgba_b(c),
			    rgba_a(c));
	}
	for (size_t i = 0; i < mesh->quads_count; i++) {
		const uint32_t *q = &weld->indices[4 * i];
		int rc = i % MESH_PART ? 0 : format_fits(out, err);

		if (rc < 0)
			return rc;
		strbuf_addf(out, "4 %u %u %u %u\n", q[0], q[1], q[2], q[3]);
	}
	return 0;
}

static int write_file(const struct mesh *mesh, const struct mesh_weld *weld, struct strbuf *out,
		      struct err *err)
{
	write_header(weld->vertices_count, mesh->quads_count, out);
	return write_body(mesh, weld, out, err);
}

static int ply_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	return mesh_write(doc, options, write_file, out, err);
}

const struct format format_ply = {
	.name = "ply",
	.aliases = NULL,
	.extensions = (const char *const[]){ ".ply", NULL },
	.summary = "Stanford mesh with colors at the vertices",
	.write = ply_write,
};
