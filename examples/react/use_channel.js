import { useEffect, useState } from "react";
import { subscribe } from "@kodama/client";

/**
 * The newest messages of a channel, oldest first, and how the connection is.
 * @param {string} url Of a channel, or of several.
 * @param {{ since?: string, most?: number }} [options] From where on, and how many are kept.
 */
export function useChannel(url, { since = "10m", most = 100 } = {}) {
  const [messages, setMessages] = useState([]);
  const [state, setState] = useState("connecting");
  useEffect(() => {
    setMessages([]);
    const subscription = subscribe(url, {
      since,
      onmessage: (message) => setMessages((all) => [...all, message].slice(-most)),
      onstate: ({ name }) => setState(name),
    });
    return () => subscription.close();
  }, [url, since, most]);
  return { messages, state };
}
