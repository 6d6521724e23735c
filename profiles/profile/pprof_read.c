#include "profiles/profile/pprof_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"

static int inflate_all(struct span in, uint8_t **out, size_t *out_len)
{
	enum { GZIP_OR_ZLIB_WINDOW_BITS = 15 + 32 };
	size_t cap = in.len < 1024 ? 4096 : 4 * in.len;
	z_stream z = { 0 };
	int rc = Z_OK;

	if (in.len > UINT32_MAX || inflateInit2(&z, GZIP_OR_ZLIB_WINDOW_BITS) != Z_OK)
		return -EPROTO;
	*out = NULL;
	z.next_in = (Bytef *)in.ptr;
	z.avail_in = (uInt)in.len;
	while (rc == Z_OK) {
		uint8_t *more;

		if (cap > PPROF_BYTES_MAX)
			cap = PPROF_BYTES_MAX;
		more = realloc(*out, cap);
		if (!more)
			break;
		*out = more;
		z.next_out = *out + z.total_out;
		z.avail_out = (uInt)(cap - z.total_out);
		rc = inflate(&z, Z_NO_FLUSH);
		if (rc == Z_OK && z.avail_out == 0 && cap == PPROF_BYTES_MAX)
			rc = Z_MEM_ERROR;
		else if (rc == Z_OK && z.avail_out == 0)
			cap *= 2;
	}
	*out_len = z.total_out;
	inflateEnd(&z);
	if (rc == Z_STREAM_END)
		return 0;
	free(*out);
	*out = NULL;
	return rc == Z_OK ? -ENOMEM : rc == Z_MEM_ERROR ? -EMSGSIZE : -EPROTO;
}

const char *pprof_text(const struct pprof_profile *p, int64_t index)
{
	return index >= 0 && (size_t)index < p->msg->n_string_table ? p->msg->string_table[index]
								    : "";
}

/* Writers choose the ids; only dense ones are indexed, which all known writers use. */
static int index_functions(struct pprof_profile *p)
{
	p->functions_max = p->msg->n_function + 1;
	p->functions = calloc(p->functions_max, sizeof(void *));
	if (!p->functions)
		return -ENOMEM;
	for (size_t i = 0; i < p->msg->n_function; i++) {
		const Pprof__Function *f = p->msg->function[i];

		if (f->id == 0 || f->id >= p->functions_max || p->functions[f->id])
			return -EPROTO;
		p->functions[f->id] = f;
	}
	return 0;
}

static int index_locations(struct pprof_profile *p)
{
	p->locations_max = p->msg->n_location + 1;
	p->locations = calloc(p->locations_max, sizeof(void *));
	if (!p->locations)
		return -ENOMEM;
	for (size_t i = 0; i < p->msg->n_location; i++) {
		const Pprof__Location *l = p->msg->location[i];

		if (l->id == 0 || l->id >= p->locations_max || p->locations[l->id])
			return -EPROTO;
		for (size_t k = 0; k < l->n_line; k++) {
			uint64_t id = l->line[k]->function_id;

			if (id >= p->functions_max || !p->functions[id])
				return -EPROTO;
		}
		p->locations[l->id] = l;
	}
	return 0;
}

static int check_samples(const struct pprof_profile *p)
{
	for (size_t i = 0; i < p->msg->n_sample; i++) {
		const Pprof__Sample *s = p->msg->sample[i];

		if (s->n_value != p->msg->n_sample_type)
			return -EPROTO;
		for (size_t k = 0; k < s->n_location_id; k++) {
			uint64_t id = s->location_id[k];

			if (id >= p->locations_max || !p->locations[id])
				return -EPROTO;
		}
	}
	return 0;
}

int pprof_parse(struct span bytes, struct pprof_profile *out, struct err *err)
{
	struct pprof_profile p = { 0 };
	bool is_zipped =
		bytes.len > 2 && (uint8_t)bytes.ptr[0] == 0x1f && (uint8_t)bytes.ptr[1] == 0x8b;
	uint8_t *plain = NULL;
	size_t len = bytes.len;
	int rc = 0;

	if (is_zipped) {
		rc = inflate_all(bytes, &plain, &len);
		if (rc < 0)
			return err_set(err, rc, "cannot decompress: %s", strerrordesc_np(-rc));
	}
	p.msg = pprof__profile__unpack(NULL, len, is_zipped ? plain : (const uint8_t *)bytes.ptr);
	free(plain);
	if (!p.msg)
		return err_set(err, -EPROTO, "not a pprof profile");
	if (p.msg->n_sample_type == 0)
		rc = -EPROTO;
	if (rc == 0)
		rc = index_functions(&p);
	if (rc == 0)
		rc = index_locations(&p);
	if (rc == 0)
		rc = check_samples(&p);
	if (rc < 0) {
		pprof_deinit(&p);
		return err_set(err, rc, "a damaged pprof profile: %s",
			       rc == -EPROTO ? "it refers to a missing entry"
					     : strerrordesc_np(-rc));
	}
	*out = p;
	return 0;
}

int pprof_read(const char *path, struct pprof_profile *out, struct err *err)
{
	char *bytes;
	size_t len;
	int rc = file_read(path, PPROF_BYTES_MAX, &bytes, &len, err);

	if (rc < 0)
		return rc;
	rc = pprof_parse(span_of(bytes, len), out, err);
	free(bytes);
	return rc < 0 ? err_wrap(err, rc, "%s", path) : 0;
}

void pprof_deinit(struct pprof_profile *p)
{
	if (p->msg)
		pprof__profile__free_unpacked(p->msg, NULL);
	free((void *)p->locations);
	free((void *)p->functions);
	memset(p, 0, sizeof(*p));
}

int pprof_find_type(const struct pprof_profile *p, const char *name)
{
	const char *wanted = name ? name : pprof_text(p, p->msg->default_sample_type);

	for (size_t i = 0; i < p->msg->n_sample_type; i++) {
		if (strcmp(pprof_text(p, p->msg->sample_type[i]->type), wanted) == 0)
			return (int)i;
	}
	/* Without a default, readers take the last type. */
	return name ? -ENOENT : (int)p->msg->n_sample_type - 1;
}
