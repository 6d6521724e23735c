/* Light on faces of voxels. */
#include "daemon/render/shade.h"

#include <math.h>

static const double ambient = 0.62;      /* of a face that looks away from the light */
static const double shadow_depth = 0.72; /* factor in the shadow */
static const double corner_depth = 0.42; /* how much a fully closed corner darkens */

void shading_light_from(struct shading *sh, const struct view *v)
{
	double len = 0;

	/* The upward part is of the world, not of the picture: tops stay the brightest faces. */
	for (int i = 0; i < 3; i++) {
		sh->to_light[i] = -0.45 * v->forward[i] - 0.35 * v->right[i] + (i == 2 ? 0.85 : 0);
		len += sh->to_light[i] * sh->to_light[i];
	}
	len = sqrt(len);
	for (int i = 0; i < 3; i++)
		sh->to_light[i] /= len > 0 ? len : 1;
}

/*
 * Occlusion of one corner of a face from the two cells at its sides and the one across, all in the
 * layer that the face looks into: 0 open .. 3 closed. Two closed sides hide the third. Source: M.
 * Lysenko, "Ambient occlusion for Minecraft-like worlds", 2012 (the idea).
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

/* Not fmin and fmax: those are calls. */
static inline double within_1(double v)
{
	return v > 0 ? v < 1 ? v : 1 : 0;
}

/* Between the four corners' values by the place on the face: smooth over neighbouring voxels. */
static double occlusion_factor(const struct scene *s, const struct hit *h, const double point[3])
{
	int u = (h->axis + 1) % 3;
	int v = (h->axis + 2) % 3;
	int32_t front[3] = { h->pos[0], h->pos[1], h->pos[2] };
	double fu = within_1(point[u] - h->pos[u]);
	double fv = within_1(point[v] - h->pos[v]);
	bool cell[3][3];
	double closed = 0;
	bool any = false;

	if (h->side > 0 ? front[h->axis] == INT32_MAX : front[h->axis] == INT32_MIN)
		return 1;
	front[h->axis] += h->side;
	for (int du = -1; du <= 1; du++)
		for (int dv = -1; dv <= 1; dv++) {
			cell[du + 1][dv + 1] = (du || dv) && solid_at(s, front, u, du, v, dv);
			any |= cell[du + 1][dv + 1];
		}
	if (!any)
		return 1;
	for (int corner = 0; corner < 4; corner++) {
		int cu = corner & 1 ? 2 : 0;
		int cv = corner & 2 ? 2 : 0;
		double weight = (cu ? fu : 1 - fu) * (cv ? fv : 1 - fv);

		closed += weight * corner_closed(cell[cu][1], cell[1][cv], cell[cu][cv]);
	}
	return 1 - corner_depth * closed / 3;
}

static bool is_shadowed(const struct shading *sh, const struct scene *s, const struct hit *h,
			const double point[3])
{
	double from[3];
	struct hit other;

	for (int i = 0; i < 3; i++)
		from[i] = point[i] + (i == h->axis ? h->side * 1e-4 : 0);
	return scene_trace(s, from, sh->to_light, 1e-6, &other);
}

static unsigned scale(unsigned channel, double factor)
{
	return (unsigned)(channel * factor + 0.5);
}

rgba shade_hit(const struct shading *sh, const struct scene *s, const struct hit *hit,
	       const double origin[3], const double direction[3])
{
	double facing = sh->to_light[hit->axis] * hit->side;
	double factor =
		ambient + (1 - ambient) * within_1(facing / fmax(fabs(sh->to_light[2]), 1e-6));
	double point[3];

	if (sh->is_flat)
		return hit->color | 0xff000000u;
	for (int i = 0; i < 3; i++)
		point[i] = origin[i] + direction[i] * hit->t;
	if (sh->shadow && (facing <= 0 || is_shadowed(sh, s, hit, point)))
		factor = fmin(factor, shadow_depth) * (facing <= 0 ? 1 : 0.95);
	if (sh->occlusion)
		factor *= occlusion_factor(s, hit, point);
	return rgba_of(scale(rgba_r(hit->color), factor), scale(rgba_g(hit->color), factor),
		       scale(rgba_b(hit->color), factor), 255);
}
