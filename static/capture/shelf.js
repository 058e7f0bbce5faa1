/** What was recorded and is not safe on the server yet, kept on this browser's disk until it is. */

const DATABASE = "sortie-takes";

/**
 * What is known of a recording that this browser makes, or made.
 * @typedef {object} Take
 * @property {string} id of the recording
 * @property {string} session
 * @property {string} owner id of the user who makes it
 * @property {string} title
 * @property {number} began milliseconds since 1970
 * @property {number} bytes recorded so far
 * @property {number} seconds recorded so far
 * @property {number} sent bytes that are safe on the server
 * @property {number} sentSeconds about how much of it they are
 * @property {string} upload path of the upload; empty while there is none
 * @property {boolean} over nothing will be added
 */

/** @typedef {{ take: string, at: number, until: number, bytes: ArrayBuffer }} Piece `until`: seconds from the start */

export class Shelf {
  /** @type {IDBDatabase | null} */
  #disk;
  /** @type {Piece[]} what could not be put on the disk, in order */
  #spilled = [];

  /** @param {IDBDatabase | null} disk */
  constructor(disk) {
    this.#disk = disk;
  }

  /** A shelf; where the browser gives no disk (some private windows), one that lasts as long as the page. */
  static async open() {
    try {
      return new Shelf(await opened());
    } catch {
      return new Shelf(null);
    }
  }

  /** Whether what is put here survives a crash. */
  get lasts() {
    return this.#disk !== null && !this.#spilled.length;
  }

  /**
   * Keep what is known of a take.
   * @param {Take} take
   */
  async note(take) {
    await this.#write((takes) => takes.put(take)).catch(() => undefined);
  }

  /**
   * Add bytes to a take. They are on the disk when this returns true; else only in memory.
   * @param {Take} take
   * @param {ArrayBuffer} bytes
   * @param {number} seconds of the take so far
   */
  async append(take, bytes, seconds) {
    const piece = { take: take.id, at: take.bytes, until: seconds, bytes };
    take.bytes += bytes.byteLength;
    take.seconds = seconds;
    // Behind what was spilled nothing may go to the disk: after a crash there would be a hole.
    if (!this.#spilled.length) {
      try {
        await this.#write((takes, pieces) => {
          pieces.put(piece);
          takes.put(take);
        });
        return true;
      } catch {
        // No space, or no disk at all. It is kept in memory, and whoever called says so.
      }
    }
    this.#spilled.push(piece);
    return false;
  }

  /**
   * What there is of a take from a byte on: some pieces, each beginning where the one before ends.
   * @param {Take} take
   * @param {number} most bytes, about
   * @returns {Promise<Piece[]>} the first may begin before `take.sent`
   */
  async read(take, most) {
    const kept = await this.#pieces(take.id, most + take.sent);
    /** @type {Piece[]} */
    const found = [];
    let end = take.sent;
    for (const piece of [...kept, ...this.#spilled]) {
      const next = piece.at + piece.bytes.byteLength;
      if (piece.take !== take.id || next <= end) continue;
      if (piece.at > end || end - take.sent >= most) break;
      found.push(piece);
      end = next;
    }
    return found;
  }

  /**
   * The server has more of a take: forget what it has.
   * @param {Take} take
   */
  async settle(take) {
    const safe = (/** @type {Piece} */ piece) => piece.take === take.id && piece.at + piece.bytes.byteLength <= take.sent;
    this.#spilled = this.#spilled.filter((piece) => !safe(piece));
    await this.#write((takes, pieces) => {
      takes.put(take);
      pieces.openCursor(range(take.id, take.sent - 1)).onsuccess = (event) => {
        const cursor = /** @type {IDBRequest<IDBCursorWithValue | null>} */ (event.target).result;
        if (!cursor) return;
        if (safe(cursor.value)) cursor.delete();
        cursor.continue();
      };
    }).catch(() => undefined); // what is kept too long is sent once more, and the server says that it has it
  }

  /**
   * Forget a take.
   * @param {string} id
   */
  async drop(id) {
    this.#spilled = this.#spilled.filter((piece) => piece.take !== id);
    await this.#write((takes, pieces) => {
      takes.delete(id);
      pieces.delete(range(id));
    }).catch(() => undefined);
  }

  /**
   * Every take of a user, with what is really there of it.
   * @param {string} owner
   * @returns {Promise<Take[]>} oldest first
   */
  async takes(owner) {
    if (!this.#disk) return [];
    const stores = this.#disk.transaction(["takes", "pieces"]);
    /** @type {Take[]} */
    const all = await answer(stores.objectStore("takes").getAll());
    const own = all.filter((take) => take.owner === owner).sort((one, other) => one.began - other.began);
    for (const take of own) {
      const cursor = await answer(this.#disk.transaction("pieces").objectStore("pieces").openCursor(range(take.id), "prev"));
      const last = /** @type {Piece | undefined} */ (cursor?.value);
      take.bytes = Math.max(take.sent, last ? last.at + last.bytes.byteLength : 0);
      take.seconds = Math.max(take.sentSeconds, last?.until ?? 0);
    }
    return own;
  }

  /**
   * The pieces on the disk, of about `most` bytes.
   * @param {string} id
   * @param {number} most
   * @returns {Promise<Piece[]>}
   */
  #pieces(id, most) {
    const disk = this.#disk;
    if (!disk) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      /** @type {Piece[]} */
      const found = [];
      const request = disk.transaction("pieces").objectStore("pieces").openCursor(range(id));
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor || cursor.value.at >= most) return resolve(found);
        found.push(cursor.value);
        cursor.continue();
      };
    });
  }

  /**
   * @param {(takes: IDBObjectStore, pieces: IDBObjectStore) => void} change
   * @returns {Promise<void>} once it would survive a power cut
   */
  #write(change) {
    const disk = this.#disk;
    if (!disk) return Promise.reject(new Error("This browser gives no disk."));
    return new Promise((resolve, reject) => {
      const change_all = disk.transaction(["takes", "pieces"], "readwrite", { durability: "strict" });
      change_all.oncomplete = () => resolve();
      change_all.onabort = () => reject(change_all.error);
      change(change_all.objectStore("takes"), change_all.objectStore("pieces"));
    });
  }
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("takes", { keyPath: "id" });
    request.result.createObjectStore("pieces", { keyPath: ["take", "at"] });
  };
  return answer(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * The keys of a take's pieces that begin at `last` or before.
 * @param {string} id
 * @param {number} [last]
 */
function range(id, last = Number.MAX_SAFE_INTEGER) {
  return IDBKeyRange.bound([id, 0], [id, Math.max(0, last)]);
}
