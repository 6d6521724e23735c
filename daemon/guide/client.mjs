// A client of the daemon in thirty lines: one JSON text a line, replies matched by id.
import net from "node:net";

export class Client {
	#socket;
	#waiting = new Map();
	#next = 1;
	#rest = "";

	static connect(path) {
		return new Promise((done, failed) => {
			const socket = net.createConnection(path);

			socket.once("error", failed);
			socket.once("connect", () => done(new Client(socket)));
		});
	}

	constructor(socket) {
		this.#socket = socket;
		socket.setEncoding("utf8");
		socket.on("data", (text) => this.#take(text));
		socket.on("close", () => this.#fail(new Error("the daemon hung up")));
	}

	call(method, params = {}) {
		const id = this.#next++;

		this.#socket.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
		return new Promise((done, failed) => this.#waiting.set(id, { method, done, failed }));
	}

	close() {
		this.#socket.end();
	}

	#take(text) {
		const lines = (this.#rest + text).split("\n");

		this.#rest = lines.pop();
		for (const line of lines) {
			const reply = JSON.parse(line);
			const { method, done, failed } = this.#waiting.get(reply.id);

			this.#waiting.delete(reply.id);
			if (reply.error) failed(new Error(`${method}: ${reply.error.message} (${reply.error.code})`));
			else done(reply.result);
		}
	}

	#fail(error) {
		for (const { failed } of this.#waiting.values()) failed(error);
		this.#waiting.clear();
	}
}
