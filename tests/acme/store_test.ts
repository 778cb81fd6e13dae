import { assertEquals, assertRejects } from "@std/assert";
import { folderName, openStore } from "../../lib/acme/store.ts";

const folders: [directory: string, folder: string][] = [
  ["https://acme-v02.api.letsencrypt.org/directory", "acme-v02.api.letsencrypt.org_directory"],
  ["https://127.0.0.1:14000/dir/", "127.0.0.1_14000_dir"],
  ["https://[::1]:14000/a/../../b", "_1_14000_b"],
  ["https://acme.test", "acme.test"],
];
for (const [directory, folder] of folders) {
  Deno.test(`${directory} has the folder ${folder}`, () =>
    assertEquals(folderName(directory), folder));
}

async function temporary() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;

Deno.test("what is kept is its owner's alone: folders 0700, files 0600, also where a crash has left something", async () => {
  await using folder = await temporary();
  const data = `${folder.path}/data`;
  const store = await openStore(data, "https://acme.test/dir");
  const inside = `${data}/acme/acme.test_dir`;
  assertEquals(await store.read("account.json"), undefined);
  Deno.writeTextFileSync(`${inside}/account.json.new`, "half of", { mode: 0o666 });
  Deno.chmodSync(`${inside}/account.json.new`, 0o666);
  await store.write("account.json", "{}");
  assertEquals(await store.read("account.json"), "{}");
  for (const path of [data, `${data}/acme`, inside]) assertEquals(modeOf(path), 0o700);
  assertEquals(modeOf(`${inside}/account.json`), 0o600);
  assertEquals(Array.from(Deno.readDirSync(inside), ({ name }) => name), ["account.json"]);
});

Deno.test("a write that fails leaves what was there, and so does one that is cut off", async () => {
  await using folder = await temporary();
  const store = await openStore(folder.path, "https://acme.test");
  await store.write("certificate.pem", "old");
  // In the way of the new file, where it cannot be removed.
  const fresh = `${folder.path}/acme/acme.test/certificate.pem.new`;
  Deno.mkdirSync(`${fresh}/full`, { recursive: true });
  await assertRejects(() => store.write("certificate.pem", "new"), Error);
  assertEquals(await store.read("certificate.pem"), "old");
});

Deno.test("a folder that cannot be made is told when it is opened", async () => {
  await using folder = await temporary();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await assertRejects(() => openStore(`${folder.path}/file`, "https://acme.test"), Error);
});
