/* Wavefront .obj: quads with normals; the color of a corner follows its position. Y is up. */

#include "daemon/base/version.h"
#include "daemon/formats/mesh.h"
#include "daemon/formats/registry.h"

/* In millionths, rounded up, so that readers that truncate 255 times this value get the same
 * channel. */
static unsigned millionths(unsigned channel)
{
	return (channel * 1000000u + 254) / 255;
}

static void write_channel(struct strbuf *out, unsigned channel)
{
	strbuf_addf(out, " %u.%06u", millionths(channel) / 1000000, millionths(channel) % 1000000);
}

static int write_vertices(const struct mesh_weld *weld, struct strbuf *out, struct err *err)
{
	for (size_t i = 0; i < weld->vertices_count; i++) {
		const struct mesh_vertex *v = &weld->vertices[i];
		struct mesh_point p = mesh_y_up(v->point);
		int rc = i % MESH_PART ? 0 : format_fits(out, err);

		if (rc < 0)
			return rc;
		strbuf_addf(out, "v %lld %lld %lld", (long long)p.at[0], (long long)p.at[1],
			    (long long)p.at[2]);
		write_channel(out, rgba_r(v->color));
		write_channel(out, rgba_g(v->color));
		write_channel(out, rgba_b(v->color));
		strbuf_add_char(out, '\n');
	}
	return 0;
}

static void write_normals(struct strbuf *out)
{
	for (int i = 0; i < MESH_SIDES; i++)
		strbuf_addf(out, "vn %d %d %d\n", mesh_normals[i][0], mesh_normals[i][2],
			    -mesh_normals[i][1]);
}

static int write_faces(const struct mesh *mesh, const struct mesh_weld *weld, struct strbuf *out,
		       struct err *err)
{
	for (size_t i = 0; i < mesh->quads_count; i++) {
		unsigned normal = mesh->quads[i].side + 1u;
		int rc = i % MESH_PART ? 0 : format_fits(out, err);

		if (rc < 0)
			return rc;
		strbuf_add_char(out, 'f');
		for (size_t k = 0; k < 4; k++)
			strbuf_addf(out, " %u//%u", weld->indices[4 * i + k] + 1, normal);
		strbuf_add_char(out, '\n');
	}
	return 0;
}

static int write_body(const struct mesh *mesh, const struct mesh_weld *weld, struct strbuf *out,
		      struct err *err)
{
	int rc;

	strbuf_add_str(out, "# Goxel " GOXEL_DAEMON_VERSION "\n");
	rc = write_vertices(weld, out, err);
	if (rc < 0)
		return rc;
	write_normals(out);
	return write_faces(mesh, weld, out, err);
}

static int obj_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	return mesh_write(doc, options, write_body, out, err);
}

const struct format format_obj = {
	.name = "obj",
	.aliases = (const char *const[]){ "wavefront", NULL },
	.extensions = (const char *const[]){ ".obj", NULL },
	.summary = "Wavefront mesh with colors at the vertices",
	.write = obj_write,
};
