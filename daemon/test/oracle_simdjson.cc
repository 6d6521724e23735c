#include "daemon/test/oracle_simdjson.h"

#include <simdjson.h>

using namespace simdjson;

static dom::parser dom_parser;
static ondemand::parser lazy_parser;

static size_t padded(size_t len)
{
	return len + SIMDJSON_PADDING;
}

/* What was not looked at is not validated: to be comparable, the text must end after the value. */
static int64_t envelope(ondemand::document &doc, ondemand::object &object)
{
	std::string_view version, method;
	int64_t id;

	if (doc.get_object().get(object) || object["jsonrpc"].get(version) || version != "2.0" ||
	    object["method"].get(method))
		return -1;
	if (object["id"].get(id))
		return -1;
	return id + (int64_t)method.size();
}

extern "C" int oracle_accepts(const char *text, size_t len)
{
	dom::element root;

	/* Its depth limit is made ours. */
	if (dom_parser.allocate(len + 1, 256))
		return 0;
	return dom_parser.parse((const uint8_t *)text, len, false).get(root) == SUCCESS;
}

static bool walk(dom::element e, size_t *left, double *out)
{
	dom::array array;
	dom::object object;

	if (e.is_number()) {
		*out = e.get_double().value();
		return (*left)-- == 0;
	}
	if (!e.get(array)) {
		for (dom::element child : array) {
			if (walk(child, left, out))
				return true;
		}
	} else if (!e.get(object)) {
		for (dom::key_value_pair member : object) {
			if (walk(member.value, left, out))
				return true;
		}
	}
	return false;
}

extern "C" int oracle_number(const char *text, size_t len, size_t index, double *out)
{
	dom::element root;

	if (dom_parser.parse((const uint8_t *)text, len, false).get(root))
		return 0;
	return walk(root, &index, out);
}

extern "C" int64_t oracle_ping(const char *text, size_t len)
{
	ondemand::document doc;
	ondemand::object object;
	std::string_view params;
	int64_t sum;

	if (lazy_parser.iterate(text, len, padded(len)).get(doc))
		return -1;
	sum = envelope(doc, object);
	if (sum < 0 || object["params"].raw_json_token().get(params))
		return -1;
	return sum;
}

extern "C" int64_t oracle_voxels(const char *text, size_t len)
{
	static const char *const names[] = { "x", "y", "z", "r", "g", "b" };
	ondemand::document doc;
	ondemand::object object;
	ondemand::array voxels;
	int64_t sum;

	if (lazy_parser.iterate(text, len, padded(len)).get(doc))
		return -1;
	sum = envelope(doc, object);
	if (sum < 0 || object["params"]["voxels"].get(voxels))
		return -1;
	for (auto element : voxels) {
		ondemand::object voxel;

		if (element.get(voxel))
			return -1;
		for (const char *name : names) {
			int64_t value;

			if (voxel.find_field(std::string_view(name, 1)).get(value))
				return -1;
			sum += value;
		}
	}
	return sum;
}
