/* The registry of formats, and functions that all formats share. */
#include "daemon/formats/formats.h"

#include <errno.h>
#include <strings.h>

#include "daemon/base/cancel.h"
#include "daemon/base/err.h"
#include "daemon/formats/registry.h"

const struct format *const formats[] = {
	&format_gox, &format_vox, &format_obj,    &format_ply, &format_gltf,       &format_glb,
	&format_stl, &format_txt, &format_povray, &format_qb,  &format_png_slices, NULL,
};

static bool same_name(struct span a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static bool has_name(const struct format *f, struct span name)
{
	if (same_name(name, f->name))
		return true;
	for (size_t i = 0; f->aliases && f->aliases[i]; i++)
		if (same_name(name, f->aliases[i]))
			return true;
	return false;
}

static bool has_extension(const struct format *f, struct span path)
{
	for (size_t i = 0; f->extensions[i]; i++) {
		size_t len = strlen(f->extensions[i]);

		if (path.len > len &&
		    same_name(span_of(path.ptr + path.len - len, len), f->extensions[i]))
			return true;
	}
	return false;
}

const struct format *format_find(struct span name, struct span path)
{
	for (size_t i = 0; formats[i]; i++)
		if (name.len ? has_name(formats[i], name) : has_extension(formats[i], path))
			return formats[i];
	return NULL;
}

/* Further formats of Goxel. Their layouts are not known well enough to write files that others can
 * open. */
static const struct refusal {
	const char *name;
	const char *extension;
	const char *why;
} refusals[] = {
	{ "kvx", ".kvx", "kvx is not supported: Voxlap's layout is not documented well enough" },
	{ "vxl", ".vxl", "vxl is not supported: Voxlap's layout is not documented well enough" },
	{ "kv6", ".kv6", "kv6 is not supported: Voxlap's layout is not documented well enough" },
	{ "mts", ".mts", "mts is not supported: Goxel itself can only import it" },
	{ "qbcl", ".qbcl", "qbcl is not supported: Goxel itself can only import it; qubicle is" },
};

const char *format_refusal(struct span name, struct span path)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		size_t len = strlen(r->extension);

		if (name.len ? same_name(name, r->name)
			     : path.len > len && same_name(span_of(path.ptr + path.len - len, len),
							   r->extension))
			return r->why;
	}
	return "unknown format";
}

const struct format *format_detect(struct span bytes, struct span path)
{
	if (span_starts(bytes, SPAN_LIT("GOX ")))
		return &format_gox;
	if (span_starts(bytes, SPAN_LIT("VOX ")))
		return &format_vox;
	return format_find(span_of("", 0), path);
}

int format_volume(struct document *doc, const struct format_options *options, struct volume *out,
		  struct err *err)
{
	struct layer *layer;
	int rc;

	if (!options->layer_id) {
		rc = document_merge_visible(doc, out);
		return rc < 0 ? err_set(err, rc, "merge the visible layers") : 0;
	}
	layer = document_layer(doc, options->layer_id);
	if (!layer)
		return err_set(err, -ENOENT, "no layer with id %d", options->layer_id);
	rc = volume_share(out, &layer->volume);
	return rc < 0 ? err_set(err, rc, "share layer %d", options->layer_id) : 0;
}

int format_fits(const struct strbuf *out, struct err *err)
{
	if (out->failed)
		return err_set(err, -ENOMEM, "out of memory for the file");
	if (out->len > FORMAT_FILE_BYTES_MAX)
		return err_set(err, -EINVAL, "the file would be larger than %d bytes",
			       FORMAT_FILE_BYTES_MAX);
	return format_goes_on(err);
}

int format_goes_on(struct err *err)
{
	int rc = cancel_check();

	return rc < 0 ? err_set(err, rc, "stopped") : 0;
}

int format_goes_on_nth(unsigned *count, unsigned n, struct err *err)
{
	int rc = cancel_check_nth(count, n);

	return rc < 0 ? err_set(err, rc, "stopped") : 0;
}
