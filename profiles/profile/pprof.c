#include "profiles/profile/pprof.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profile.pb-c.h"
#include "profiles/profile/fold.h"
#include "profiles/profile/intern.h"
#include "profiles/profile/stacks.h"
#include "profiles/profile/symbols.h"

/* A growing array of pointers to messages, the form of repeated fields in protobuf-c. */
struct messages {
	void **items;
	size_t count, cap;
};

struct builder {
	struct symbols *symbols;
	const struct symbols_mapping *maps;
	size_t maps_count;
	struct intern texts;     /* the string table; 0 is "" */
	struct intern functions; /* key: struct function_key; number + 1 is the id */
	struct intern locations; /* key: the address; number + 1 is the id */
	struct messages function_msgs, location_msgs, sample_msgs;
	bool failed; /* memory ran out; checked at the end */
};

/* Two frames with equal keys are in the same function; all members are indexes of texts. No
 * padding. */
struct function_key {
	int64_t name, file, start_line;
};

static int64_t text_id(struct builder *b, const char *text)
{
	int64_t id = intern_text(&b->texts, text);

	b->failed |= id < 0;
	return id < 0 ? 0 : id;
}

static bool push(struct builder *b, struct messages *m, void *item)
{
	if (item && m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 256;
		void **more = realloc(m->items, cap * sizeof(*more));

		if (!more) {
			free(item);
			item = NULL;
		} else {
			m->items = more;
			m->cap = cap;
		}
	}
	if (!item) {
		b->failed = true;
		return false;
	}
	m->items[m->count++] = item;
	return true;
}

static uint64_t function_id(struct builder *b, const struct symbols_frame *frame)
{
	const char *file = frame->start_file ? frame->start_file : frame->file;
	struct function_key key = { text_id(b, frame->function), text_id(b, file),
				    frame->start_line };
	size_t known = b->functions.count;
	int64_t number = intern_add(&b->functions, &key, sizeof(key));
	Pprof__Function *f;

	if (number < 0) {
		b->failed = true;
		return 0;
	}
	if ((size_t)number < known)
		return (uint64_t)number + 1;
	f = malloc(sizeof(*f));
	if (f) {
		pprof__function__init(f);
		f->id = (uint64_t)number + 1;
		f->name = f->system_name = key.name;
		f->filename = key.file;
		f->start_line = key.start_line;
	}
	push(b, &b->function_msgs, f);
	return (uint64_t)number + 1;
}

static void fill_lines(struct builder *b, Pprof__Location *l, const struct symbols_place *place)
{
	l->line = calloc(place->count, sizeof(void *));
	for (size_t i = 0; l->line && i < place->count; i++) {
		Pprof__Line *line = malloc(sizeof(*line));

		if (!line)
			break;
		pprof__line__init(line);
		line->function_id = function_id(b, &place->frames[i]);
		line->line = place->frames[i].line;
		l->line[l->n_line++] = line;
	}
	b->failed |= l->n_line < place->count;
}

static uint64_t location_id(struct builder *b, uint64_t addr)
{
	const struct symbols_place *place = symbols_find(b->symbols, addr);
	size_t known = b->locations.count;
	int64_t number = intern_add(&b->locations, &addr, sizeof(addr));
	Pprof__Location *l;

	if (number < 0 || !place) {
		b->failed = true;
		return 0;
	}
	if ((size_t)number < known)
		return (uint64_t)number + 1;
	l = malloc(sizeof(*l));
	if (l) {
		pprof__location__init(l);
		l->id = (uint64_t)number + 1;
		l->address = addr;
		if (place->mapping)
			l->mapping_id = (uint64_t)(place->mapping - b->maps) + 1;
		fill_lines(b, l, place);
	}
	push(b, &b->location_msgs, l);
	return (uint64_t)number + 1;
}

static Pprof__Label *thread_label(struct builder *b, const char *name)
{
	Pprof__Label *label = malloc(sizeof(*label));

	if (!label)
		return NULL;
	pprof__label__init(label);
	label->key = text_id(b, "thread");
	label->str = text_id(b, name);
	return label;
}

static void add_sample(struct builder *b, const struct stack *stack, size_t types_count)
{
	size_t depth = fold_depth(b->symbols, stack->addrs, stack->depth);
	Pprof__Sample *s = malloc(sizeof(*s));

	if (!s) {
		b->failed = true;
		return;
	}
	pprof__sample__init(s);
	s->location_id = calloc(depth ? depth : 1, sizeof(*s->location_id));
	s->value = calloc(types_count, sizeof(*s->value));
	if (s->location_id && s->value) {
		s->n_location_id = depth;
		s->n_value = types_count;
		for (size_t i = 0; i < depth; i++)
			s->location_id[i] = location_id(b, stack->addrs[i]);
		for (size_t i = 0; i < types_count; i++)
			s->value[i] = llround(stack->values[i]);
	} else {
		b->failed = true;
	}
	if (stack->label[0]) {
		s->label = malloc(sizeof(void *));
		if (s->label) {
			s->label[0] = thread_label(b, stack->label);
			s->n_label = s->label[0] != NULL;
		}
		b->failed |= s->n_label == 0;
	}
	push(b, &b->sample_msgs, s);
}

static void free_all(struct builder *b)
{
	for (size_t i = 0; i < b->sample_msgs.count; i++) {
		Pprof__Sample *s = b->sample_msgs.items[i];

		free(s->location_id);
		free(s->value);
		for (size_t k = 0; k < s->n_label; k++)
			free(s->label[k]);
		free(s->label);
		free(s);
	}
	for (size_t i = 0; i < b->location_msgs.count; i++) {
		Pprof__Location *l = b->location_msgs.items[i];

		for (size_t k = 0; k < l->n_line; k++)
			free(l->line[k]);
		free(l->line);
		free(l);
	}
	for (size_t i = 0; i < b->function_msgs.count; i++)
		free(b->function_msgs.items[i]);
	free(b->sample_msgs.items);
	free(b->location_msgs.items);
	free(b->function_msgs.items);
	intern_deinit(&b->texts);
	intern_deinit(&b->functions);
	intern_deinit(&b->locations);
}

/* Gzip with an empty header (no name, no time), so that equal profiles give equal files. */
static int gzip(const uint8_t *in, size_t len, uint8_t **out, size_t *out_len)
{
	enum { GZIP_WINDOW_BITS = 15 + 16 };
	z_stream z = { 0 };
	size_t cap;
	int rc;

	if (len > UINT32_MAX ||
	    deflateInit2(&z, 6, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	cap = deflateBound(&z, len);
	*out = malloc(cap);
	if (!*out) {
		deflateEnd(&z);
		return -ENOMEM;
	}
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)len;
	z.next_out = *out;
	z.avail_out = (uInt)cap;
	rc = deflate(&z, Z_FINISH);
	*out_len = z.total_out;
	deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -EIO;
}

static int pack_and_write(const Pprof__Profile *profile, const char *path, struct err *err)
{
	size_t len = pprof__profile__get_packed_size(profile), zipped_len = 0;
	uint8_t *bytes = malloc(len ? len : 1), *zipped = NULL;
	int rc = bytes ? 0 : -ENOMEM;

	if (rc == 0) {
		pprof__profile__pack(profile, bytes);
		rc = gzip(bytes, len, &zipped, &zipped_len);
	}
	if (rc < 0)
		err_set(err, rc, "%s: cannot compress: %s", path, strerrordesc_np(-rc));
	else
		rc = file_write_atomic(path, span_of((const char *)zipped, zipped_len), err);
	free(zipped);
	free(bytes);
	return rc;
}

static void fill_mapping(struct builder *b, Pprof__Mapping *out, size_t i)
{
	const struct symbols_mapping *m = &b->maps[i];

	pprof__mapping__init(out);
	out->id = i + 1;
	out->memory_start = m->start;
	out->memory_limit = m->limit;
	out->file_offset = m->offset;
	out->filename = text_id(b, m->path);
	out->build_id = text_id(b, m->build_id);
	out->has_functions = m->has_functions;
	out->has_filenames = out->has_line_numbers = out->has_inline_frames = m->has_lines;
}

static int assemble(struct builder *b, const struct pprof_cfg *cfg, const char *path,
		    struct err *err)
{
	Pprof__Profile profile = PPROF__PROFILE__INIT;
	Pprof__ValueType types[STACKS_VALUES_MAX], period = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *type_ptrs[STACKS_VALUES_MAX];
	Pprof__Mapping *maps = calloc(b->maps_count + 1, sizeof(*maps));
	Pprof__Mapping **map_ptrs = calloc(b->maps_count + 1, sizeof(Pprof__Mapping *));
	char **texts = NULL;
	int64_t comment;
	int rc = -ENOMEM;

	for (size_t i = 0; i < cfg->types_count; i++) {
		pprof__value_type__init(&types[i]);
		types[i].type = text_id(b, cfg->types[i].type);
		types[i].unit = text_id(b, cfg->types[i].unit);
		type_ptrs[i] = &types[i];
	}
	for (size_t i = 0; maps && map_ptrs && i < b->maps_count; i++) {
		fill_mapping(b, &maps[i], i);
		map_ptrs[i] = &maps[i];
	}
	period.type = text_id(b, cfg->period_type.type);
	period.unit = text_id(b, cfg->period_type.unit);
	comment = text_id(b, cfg->comment);
	texts = calloc(b->texts.count + 1, sizeof(*texts));
	if (!maps || !map_ptrs || !texts || b->failed) {
		err_set(err, rc, "%s: out of memory", path);
		goto out;
	}
	for (size_t i = 0; i < b->texts.count; i++)
		texts[i] = b->texts.keys[i].bytes;
	profile.sample_type = type_ptrs;
	profile.n_sample_type = cfg->types_count;
	profile.sample = (Pprof__Sample **)b->sample_msgs.items;
	profile.n_sample = b->sample_msgs.count;
	profile.mapping = map_ptrs;
	profile.n_mapping = b->maps_count;
	profile.location = (Pprof__Location **)b->location_msgs.items;
	profile.n_location = b->location_msgs.count;
	profile.function = (Pprof__Function **)b->function_msgs.items;
	profile.n_function = b->function_msgs.count;
	profile.string_table = texts;
	profile.n_string_table = b->texts.count;
	profile.time_nanos = (int64_t)cfg->time_wall_ns;
	profile.duration_nanos = (int64_t)cfg->duration_ns;
	profile.period_type = &period;
	profile.period = cfg->period;
	profile.comment = &comment;
	profile.n_comment = comment ? 1 : 0;
	profile.default_sample_type = types[cfg->default_type].type;
	rc = pack_and_write(&profile, path, err);
out:
	free(texts);
	free(map_ptrs);
	free(maps);
	return rc;
}

int pprof_write(const struct pprof_cfg *cfg, const struct stacks *stacks, struct symbols *symbols,
		const char *path, struct err *err)
{
	struct builder b = { .symbols = symbols };
	int rc;

	b.maps = symbols_mappings(symbols, &b.maps_count);
	text_id(&b, "");
	for (size_t i = 0; i < stacks->count; i++) {
		bool is_zero = true;

		for (size_t k = 0; k < cfg->types_count; k++)
			is_zero &= llround(stacks->items[i].values[k]) == 0;
		if (!is_zero)
			add_sample(&b, &stacks->items[i], cfg->types_count);
	}
	rc = assemble(&b, cfg, path, err);
	free_all(&b);
	return rc;
}
