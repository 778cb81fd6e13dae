/**
 * Follows a stream from a number on: one consumer of all of it, which the server forgets when nobody listens.
 *
 * It belongs to one stream, and ends with it: what another of the same name has never comes by it. Nothing is asked for
 * again and nothing made anew here; who follows says when.
 * @module
 */
import {
  AckPolicy,
  createInbox,
  DeliverPolicy,
  type JetStreamManager,
  type Msg,
  nanos,
  type NatsConnection,
  ReplayPolicy,
} from "./client.ts";

/** A message, as it was delivered. */
export interface Delivery {
  /** Its number. */
  seq: number;
  /** When the server took it, in ns since 1970. */
  stamp: string;
  message: Msg;
}

/** What begins with it is a delivery's reply subject; the rest is its numbers. */
const ACK = "$JS.ACK.";
/** Between signs of life, in ms; the server wants some to be sent where it waits for who is slow. */
const HEARTBEAT = 5000;
/** For the server to forget a consumer that nobody listens to, in ms. */
const FORGET = 10_000;

/**
 * Begins to follow.
 * @param from The first number.
 * @param take Told of each message, in order.
 * @param broken Told when one was lost on its way, or nothing more comes: it is of no use any more.
 * @returns Ends it.
 */
export async function followStream(
  nc: NatsConnection,
  jsm: JetStreamManager,
  stream: string,
  from: number,
  take: (delivery: Delivery) => void,
  broken: (error: Error) => void,
): Promise<() => void> {
  const inbox = createInbox();
  let count = 0, behind = 1;
  const subscription = nc.subscribe(inbox, {
    callback(error, message) {
      if (error !== null) return broken(error);
      const { reply = "" } = message;
      if (!reply.startsWith(ACK)) return answer(nc, message);
      if (count === 0) behind = reply.split(".").length > 9 ? 2 : 1;
      const { place, seq, stamp } = readReply(reply, behind);
      if (place !== ++count) {
        subscription.unsubscribe();
        return broken(new Error(`delivery ${place} came after ${count - 1}`));
      }
      take({ seq, stamp, message });
    },
  });
  const name = `kodama-${crypto.randomUUID().slice(0, 8)}`;
  await jsm.consumers.add(stream, {
    name,
    deliver_subject: inbox,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    flow_control: true,
    idle_heartbeat: nanos(HEARTBEAT),
    inactive_threshold: nanos(FORGET),
    mem_storage: true,
    num_replicas: 1,
  });
  return () => {
    if (nc.isClosed()) return;
    subscription.unsubscribe();
    // Where this fails, the server forgets it by itself.
    jsm.consumers.delete(stream, name).catch(() => {});
  };
}

/**
 * The number in the stream, the one in the consumer and the stamp (ADR-15); behind them is what is still to come, and where
 * there is a domain, one token more.
 */
function readReply(reply: string, behind: number): { seq: number; place: number; stamp: string } {
  let end = reply.length;
  for (let i = 0; i < behind; i++) end = reply.lastIndexOf(".", end - 1);
  const stamp = reply.lastIndexOf(".", end - 1);
  const place = reply.lastIndexOf(".", stamp - 1);
  const seq = reply.lastIndexOf(".", place - 1);
  return {
    seq: Number(reply.slice(seq + 1, place)),
    place: Number(reply.slice(place + 1, stamp)),
    stamp: reply.slice(stamp + 1, end),
  };
}

/** Says that what came before was taken: the server waits for that before it sends more. */
function answer(nc: NatsConnection, message: Msg): void {
  const to = message.reply || message.headers?.get("Nats-Consumer-Stalled");
  if (to) nc.publish(to);
}
