/* Light on the faces of voxels. */
#include "daemon/render/shade.h"

#include <math.h>

static const double ambient = 0.62;      /* of a face turned away from the light */
static const double shadow_depth = 0.72; /* factor in the shadow */
static const double corner_depth = 0.42; /* how much a fully closed corner darkens */

/* Inline, since fmin and fmax are function calls. */
static inline double within_1(double v)
{
	return v > 0 ? v < 1 ? v : 1 : 0;
}

void shading_light_from(struct shading *sh, const struct view *v)
{
	double len = 0;
	double upward;

	/* Upward means up in the world, not in the picture: top faces stay the brightest. */
	for (int i = 0; i < 3; i++) {
		sh->to_light[i] = -0.45 * v->forward[i] - 0.35 * v->right[i] + (i == 2 ? 0.85 : 0);
		len += sh->to_light[i] * sh->to_light[i];
	}
	len = sqrt(len);
	for (int i = 0; i < 3; i++)
		sh->to_light[i] /= len > 0 ? len : 1;
	upward = fmax(fabs(sh->to_light[2]), 1e-6);
	for (int i = 0; i < 3; i++)
		for (int up = 0; up < 2; up++) {
			double facing = up ? sh->to_light[i] : -sh->to_light[i];

			sh->lit[i][up] = ambient + (1 - ambient) * within_1(facing / upward);
		}
}

/*
 * How much one corner of a face is closed in: 0 open .. 3 closed, from the two cells at its sides
 * and the one across, all in the layer in front of the face. Two closed sides hide the third.
 * Source: M. Lysenko, "Ambient occlusion for Minecraft-like worlds", 2012 (the idea).
 */
static int corner_closed(bool side_a, bool side_b, bool across)
{
	return side_a && side_b ? 3 : side_a + side_b + across;
}

static bool solid_at(const struct scene *s, const int32_t base[3], int u, int du, int v, int dv)
{
	int64_t p[3] = { base[0], base[1], base[2] };

	p[u] += du;
	p[v] += dv;
	for (int i = 0; i < 3; i++)
		if (p[i] < INT32_MIN || p[i] > INT32_MAX)
			return false;
	return scene_is_solid(s, (int32_t)p[0], (int32_t)p[1], (int32_t)p[2]);
}

/* The corners of a face, from the layer in front of it. */
static uint8_t find_corners(const struct scene *s, const struct hit *h)
{
	int u = (h->axis + 1) % 3;
	int v = (h->axis + 2) % 3;
	int32_t front[3] = { h->pos[0], h->pos[1], h->pos[2] };
	bool cell[3][3];
	unsigned corners = 0;

	if (h->side > 0 ? front[h->axis] == INT32_MAX : front[h->axis] == INT32_MIN)
		return 0;
	front[h->axis] += h->side;
	for (int du = -1; du <= 1; du++)
		for (int dv = -1; dv <= 1; dv++)
			cell[du + 1][dv + 1] = (du || dv) && solid_at(s, front, u, du, v, dv);
	for (unsigned corner = 0; corner < 4; corner++) {
		int cu = corner & 1 ? 2 : 0;
		int cv = corner & 2 ? 2 : 0;

		corners |= (unsigned)corner_closed(cell[cu][1], cell[1][cv], cell[cu][cv])
			   << 2 * corner;
	}
	return (uint8_t)corners;
}

static uint8_t corners_of(const struct scene *s, struct shade_memory *memory, const struct hit *h)
{
	uint8_t face = (uint8_t)(h->axis * 2 + (h->side > 0) + 1);
	/* Neighbouring faces of a surface use different entries: 16 x 16 places and four faces. */
	uint32_t slot = ((uint32_t)h->pos[0] + 5 * (uint32_t)h->pos[2]) % 16 |
			((uint32_t)h->pos[1] + 11 * (uint32_t)h->pos[2]) % 16 << 4 |
			(uint32_t)(h->axis + (h->side > 0)) % 4 << 8;
	struct shade_face *f = &memory->faces[slot];

	if (f->face != face || f->pos[0] != h->pos[0] || f->pos[1] != h->pos[1] ||
	    f->pos[2] != h->pos[2])
		*f = (struct shade_face){ { h->pos[0], h->pos[1], h->pos[2] },
					  face,
					  find_corners(s, h) };
	return f->corners;
}

/* Interpolates between the values of the four corners: smooth across neighbouring voxels. */
static double occlusion_factor(unsigned corners, const struct hit *h, const double point[3])
{
	int u = (h->axis + 1) % 3;
	int v = (h->axis + 2) % 3;
	double fu = within_1(point[u] - h->pos[u]);
	double fv = within_1(point[v] - h->pos[v]);
	double low = (corners & 3) * (1 - fu) + (corners >> 2 & 3) * fu;
	double high = (corners >> 4 & 3) * (1 - fu) + (corners >> 6) * fu;

	return 1 - corner_depth / 3 * (low * (1 - fv) + high * fv);
}

static bool is_shadowed(const struct shading *sh, const struct scene *s, const struct hit *h,
			const double point[3])
{
	double from[3];
	struct hit other;

	for (int i = 0; i < 3; i++)
		from[i] = point[i] + (i == h->axis ? h->side * 1e-4 : 0);
	return trace_ray(s, from, sh->to_light, 1e-6, &other);
}

static unsigned scale(unsigned channel, double factor)
{
	return (unsigned)(channel * factor + 0.5);
}

rgba shade_hit(const struct shading *sh, const struct scene *s, struct shade_memory *memory,
	       const struct hit *hit, const double origin[3], const double direction[3])
{
	double factor = sh->lit[hit->axis][hit->side > 0];
	unsigned corners = 0;
	double point[3];

	if (sh->is_flat)
		return hit->color | 0xff000000u;
	for (int i = 0; i < 3; i++)
		point[i] = origin[i] + direction[i] * hit->t;
	if (sh->shadow) {
		bool is_away = sh->to_light[hit->axis] * hit->side <= 0;

		if (is_away || is_shadowed(sh, s, hit, point))
			factor = (factor < shadow_depth ? factor : shadow_depth) *
				 (is_away ? 1 : 0.95);
	}
	if (sh->occlusion)
		corners = corners_of(s, memory, hit);
	if (corners)
		factor *= occlusion_factor(corners, hit, point);
	return rgba_of(scale(rgba_r(hit->color), factor), scale(rgba_g(hit->color), factor),
		       scale(rgba_b(hit->color), factor), 255);
}
