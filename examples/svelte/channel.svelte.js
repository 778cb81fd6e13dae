import { subscribe } from "@kodama/client";

/**
 * The newest messages of a channel, oldest first, and how the connection is: followed for as long as a component is there.
 * @param {() => string} url Of a channel, or of several; asked again when what it reads changes.
 * @param {{ since?: string, most?: number }} [options] From where on, and how many are kept.
 */
export function channel(url, { since = "10m", most = 100 } = {}) {
  let messages = $state.raw([]), connection = $state("connecting");
  $effect(() => {
    messages = [];
    const subscription = subscribe(url(), {
      since,
      onmessage: (message) => messages = [...messages, message].slice(-most),
      onstate: ({ name }) => connection = name,
    });
    return () => subscription.close();
  });
  return {
    get messages() {
      return messages;
    },
    get state() {
      return connection;
    },
  };
}
