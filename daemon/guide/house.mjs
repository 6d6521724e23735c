// Builds a house of 60,000 voxels over the daemon's socket, paints it, takes that back, draws it from seven sides, writes every
// format, reads back those that can be read, and checks that the same voxels are there.
//
//	node house.mjs SOCKET FOLDER
//
// Exit code 0: everything was as it should be; 1: it was not, said on stderr.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client } from "./client.mjs";

const VOXELS = 60000;
const BATCH = 5000;
const SIDES = ["front", "back", "left", "right", "top", "bottom", "isometric"];

const color = {
	grass: [104, 159, 56], path: [189, 178, 155], wall: [236, 226, 203], beam: [93, 64, 55],
	floor: [161, 120, 78], roof: [183, 62, 51], glass: [129, 190, 222], door: [121, 72, 41],
	trunk: [109, 76, 50], leaf: [67, 128, 59], stone: [144, 146, 150],
};

// A model is a map from "x,y,z" to a color, so that the last write of a place wins as it does in the daemon.
class Model extends Map {
	put(x, y, z, c) {
		this.set(`${x},${y},${z}`, c);
	}

	box([x0, y0, z0], [x1, y1, z1], c) {
		for (let z = z0; z <= z1; z++)
			for (let y = y0; y <= y1; y++)
				for (let x = x0; x <= x1; x++) this.put(x, y, z, c);
	}

	hollow(low, high, c) {
		const [x0, y0, z0] = low;
		const [x1, y1, z1] = high;

		this.box([x0, y0, z0], [x1, y0 + 1, z1], c);
		this.box([x0, y1 - 1, z0], [x1, y1, z1], c);
		this.box([x0, y0, z0], [x0 + 1, y1, z1], c);
		this.box([x1 - 1, y0, z0], [x1, y1, z1], c);
	}

	ball([cx, cy, cz], r, c) {
		for (let z = -r; z <= r; z++)
			for (let y = -r; y <= r; y++)
				for (let x = -r; x <= r; x++)
					if (x * x + y * y + z * z <= r * r) this.put(cx + x, cy + y, cz + z, c);
	}

	voxels() {
		return [...this].map(([place, c]) => [...place.split(",").map(Number), ...c, 255]);
	}
}

function ground() {
	const m = new Model();

	m.box([-60, -60, -2], [59, 59, -1], color.grass);
	m.box([-5, -60, -1], [4, -23, -1], color.path);
	return m;
}

function house() {
	const m = new Model();

	m.box([-30, -22, 0], [29, 21, 0], color.floor);
	m.hollow([-30, -22, 1], [29, 21, 26], color.wall);
	for (const x of [-30, 28])
		for (const y of [-22, 20]) m.box([x, y, 1], [x + 1, y + 1, 26], color.beam);
	m.box([-30, -22, 26], [29, -21, 26], color.beam);
	m.box([-30, 20, 26], [29, 21, 26], color.beam);
	m.box([-4, -22, 1], [3, -21, 14], color.door);
	for (const x of [-22, -13, 8, 17])
		for (const y of [-22, 20]) m.box([x, y, 9], [x + 5, y + 1, 17], color.glass);
	for (let k = 0; k < 24; k++) {
		m.box([-33, -25 + k, 27 + k], [32, -23 + k, 27 + k], color.roof);
		m.box([-33, 22 - k, 27 + k], [32, 24 - k, 27 + k], color.roof);
		if (k < 22) {
			m.box([-30, -22 + k, 27 + k], [-29, 21 - k, 27 + k], color.wall);
			m.box([28, -22 + k, 27 + k], [29, 21 - k, 27 + k], color.wall);
		}
	}
	m.box([14, 6, 30], [19, 11, 56], color.stone);
	return m;
}

function trees() {
	const m = new Model();

	for (const [x, y] of [[-46, -40], [44, -44], [-47, 38], [45, 42]]) {
		m.box([x - 1, y - 1, 0], [x + 1, y + 1, 11], color.trunk);
		m.ball([x, y, 15], 6, color.leaf);
	}
	return m;
}

// A wall of stone along the edge, as long as it takes to make the count exact.
function wall(missing) {
	const m = new Model();
	const edge = [];

	for (let x = -60; x < 60; x++) edge.push([x, 59]);
	for (let y = 58; y >= -60; y--) edge.push([59, y], [-60, y]);
	for (let z = 0; m.size < missing; z++)
		for (const [x, y] of edge) if (m.size < missing) m.put(x, y, z, color.stone);
	return m;
}

async function build(client) {
	const layers = { Ground: ground(), House: house(), Trees: trees() };
	const count = Object.values(layers).reduce((n, m) => n + m.size, 0);

	assert(count < VOXELS, `${count} voxels before the wall`);
	layers.Wall = wall(VOXELS - count);
	for (const [name, model] of Object.entries(layers)) {
		const { layer_id } = await client.call("create_layer", { name });
		const all = model.voxels();

		for (let i = 0; i < all.length; i += BATCH) {
			const voxels = all.slice(i, i + BATCH).map(([x, y, z, r, g, b, a]) => ({ x, y, z, r, g, b, a }));
			const { added } = await client.call("add_voxels", { voxels, layer_id });

			assert.equal(added, voxels.length);
		}
	}
	return Object.values(layers).flatMap((m) => m.voxels());
}

// All voxels of the project as sorted text, moved so that the lowest corner is the origin if asked.
async function read(client, { moved = false } = {}) {
	const { voxels } = await client.call("get_layer_voxels", { layer_id: -2, limit: 0 });

	return sorted(voxels.map((v) => [v.x, v.y, v.z, ...v.color]), moved);
}

function sorted(voxels, moved) {
	const low = [0, 1, 2].map((i) => (moved ? voxels.reduce((m, v) => Math.min(m, v[i]), Infinity) : 0));

	return voxels.map((v) => [v[0] - low[0], v[1] - low[1], v[2] - low[2], ...v.slice(3)].join(" ")).sort();
}

function same(got, wanted, what) {
	assert.equal(got.length, wanted.length, `${what}: ${got.length} voxels instead of ${wanted.length}`);
	for (let i = 0; i < got.length; i++) assert.equal(got[i], wanted[i], `${what}: another voxel`);
	console.log(`${what}: the same ${got.length} voxels`);
}

async function paint(client, built) {
	const before = sorted(built);

	await client.call("paint_voxels", { x: 0, y: -22, z: 10, color: "#ffd700", layer_id: "House" });
	await client.call("flood_fill", { position: [-30, -10, 20], color: [250, 240, 170], layer_id: "House" });
	assert.notDeepEqual(await read(client), before, "painting changed nothing");
	for (let i = 0; i < 2; i++) assert((await client.call("undo")).success);
	same(await read(client), before, "painted and taken back");
}

async function draw(client, folder) {
	const from = Date.now();
	const { images } = await client.call("render_scene", {
		width: 512, height: 512, angles: SIDES, options: { return_mode: "base64" },
	});

	assert.equal(images.length, SIDES.length);
	images.forEach((image, i) => {
		const bytes = Buffer.from(image.image ?? image.data, "base64");

		assert.equal(bytes.subarray(1, 4).toString(), "PNG");
		fs.writeFileSync(path.join(folder, `house-${SIDES[i]}.png`), bytes);
	});
	console.log(`drawn from ${SIDES.length} sides in ${Date.now() - from} ms`);
}

const FILES = [
	"house.gox", "house.vox", "house.txt", "house.qb", "house.obj", "house.ply", "house.gltf", "house.glb",
	"house.stl", "house.pov",
];

async function write(client, folder) {
	for (const name of FILES) {
		const file = path.join(folder, name);

		await client.call("export_model", { path: file });
		assert(fs.statSync(file).size > 1000, `${name} is almost empty`);
	}
	await client.call("export_model", { path: path.join(folder, "house-slices.png"), format: "png slices" });
	console.log(`written: ${FILES.join(" ")} house-slices.png`);
}

async function reread(client, folder, built) {
	await client.call("load_project", { path: path.join(folder, "house.gox") });
	same(await read(client), sorted(built), "house.gox");
	// Other formats hold voxels but no project: they come into a new one. A .vox model has no place in the world.
	for (const [name, moved] of [["house.txt", false], ["house.qb", false], ["house.vox", true]]) {
		await client.call("create_project", { name });
		await client.call("import_model", { path: path.join(folder, name) });
		same(await read(client, { moved }), sorted(built, moved), name);
	}
}

async function main([socket, folder]) {
	if (!socket || !folder) {
		console.error("usage: node house.mjs SOCKET FOLDER");
		return 2;
	}
	const client = await Client.connect(socket);

	fs.mkdirSync(folder, { recursive: true });
	folder = path.resolve(folder);
	await client.call("create_project", { name: "House" });

	const from = Date.now();
	const built = await build(client);

	console.log(`built ${built.length} voxels in ${Date.now() - from} ms`);
	same(await read(client), sorted(built), "over the socket");
	await paint(client, built);
	await draw(client, folder);
	await write(client, folder);
	await reread(client, folder, built);
	client.close();
	return 0;
}

main(process.argv.slice(2)).then(
	(code) => process.exit(code),
	(error) => {
		console.error(`house: ${error.message}`);
		process.exit(1);
	},
);
