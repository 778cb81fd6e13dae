/**
 * The account at a directory: made once, and used again as long as its key is kept (RFC 8555, 7.3).
 * @module
 */
import type { JWK } from "jose";
import { Client, type ClientContext } from "./client.ts";
import { AcmeError } from "./error.ts";
import { newAccountKey, readAccountKey } from "./jws.ts";
import type { Store } from "./store.ts";

/** An account, as it is kept. */
interface Kept {
  /** Its key, with the private part. */
  key: JWK;
  /** Its URL, once the directory has said it. */
  url?: string;
  /** Whom the directory writes to. */
  email?: string;
}

const NAME = "account.json";

/** What is needed besides what a client needs. */
export interface AccountContext extends Omit<ClientContext, "key"> {
  /** Where it is kept. */
  store: Store;
  /** Whom the directory writes to. */
  email: string;
}

/**
 * Opens the account: reads it, or makes it, which agrees to the directory's terms of service.
 * @param renew Whether the directory has forgotten the one that is kept: it is made again, with the same key.
 * @returns A client that signs for it.
 * @throws {AcmeError} If the directory refuses; and what the store throws.
 */
export async function openAccount(context: AccountContext, renew = false): Promise<Client> {
  const { store, email } = context;
  const text = await store.read(NAME);
  const kept: Kept = text === undefined ? { key: await newAccountKey() } : readKept(text);
  const client = new Client({ ...context, key: await readKey(kept.key) });
  const contact = [`mailto:${email}`];
  if (kept.url === undefined || renew) {
    // The key is safe before it is known anywhere: an account whose key is lost is lost.
    if (text === undefined) await store.write(NAME, JSON.stringify(kept));
    kept.url = await register(client, contact);
  } else {
    client.account = kept.url;
    if (kept.email === email) return client;
    await client.post(kept.url, { contact });
  }
  client.account = kept.url;
  await store.write(NAME, JSON.stringify({ ...kept, email }));
  return client;
}

/** 7.3: makes the account, or finds the one of this key. */
async function register(client: Client, contact: string[]): Promise<string> {
  const { newAccount, closed } = await client.directory();
  if (closed) {
    throw new AcmeError("the directory wants an account of its own (external account binding)");
  }
  const { location } = await client.post(newAccount, { termsOfServiceAgreed: true, contact });
  if (location === undefined) {
    throw new AcmeError("the directory does not say which account", { down: true });
  }
  return location;
}

function readKept(text: string): Kept {
  try {
    const kept = JSON.parse(text) as Partial<Kept>;
    if (typeof kept.key === "object" && kept.key !== null) return { ...kept, key: kept.key };
  } catch {
    // Said below, as for JSON that is no account.
  }
  throw unusable();
}

async function readKey(key: JWK) {
  try {
    return await readAccountKey(key);
  } catch {
    throw unusable();
  }
}

/** Not made anew by itself: what is there may be all that is left of a key. */
function unusable(): Error {
  return new Error(`${NAME} is damaged; where it is beyond repair, delete it for a new account`);
}
