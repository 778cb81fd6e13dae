/**
 * What is kept between two runs: texts by name, in a folder that only its owner can open.
 * @module
 */

/** Where texts are kept; a test has its own. */
export interface Store {
  /** Reads one; `undefined` where there is none. */
  read(name: string): Promise<string | undefined>;
  /** Writes one: after a crash in the middle it is as it was before. */
  write(name: string, text: string): Promise<void>;
}

/**
 * Opens the folder of a directory: each directory has its own account and certificates.
 * @param data Where all data is.
 * @param directory The directory's URL.
 * @throws What the file system throws, also if nothing can be written there.
 */
export async function openStore(data: string, directory: string): Promise<Store> {
  const folder = `${data}/acme/${folderName(directory)}`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  // Better now than when a certificate is to be kept.
  const probe = `${folder}/.probe`;
  await writeNew(probe, "");
  await Deno.remove(probe);
  return {
    async read(name) {
      try {
        return await Deno.readTextFile(`${folder}/${name}`);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    async write(name, text) {
      const fresh = `${folder}/${name}.new`;
      await writeNew(fresh, text);
      await Deno.rename(fresh, `${folder}/${name}`);
    },
  };
}

/** `https://acme.example:14000/dir` is `acme.example_14000_dir`. */
export function folderName(directory: string): string {
  const { host, pathname } = new URL(directory);
  return `${host}${pathname}`.replace(/\/$/, "").replace(/[^A-Za-z0-9.-]+/g, "_");
}

/** Writes a file for its owner alone, onto the disk. What a crash has left there is not taken over, nor is its mode. */
async function writeNew(path: string, text: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}
