/** @jsxRuntime automatic @jsxImportSource react */
import { createRoot } from "react-dom/client";
import { useState } from "react";
import { useChannel } from "./use_channel.js";

const server = "http://127.0.0.1:9999";

function Prices({ channel }) {
  const { messages, state } = useChannel(`${server}/prices/${channel}`, { most: 5 });
  return (
    <section>
      <h2>
        {channel.toUpperCase()} <small>{state}</small>
      </h2>
      <ol>
        {messages.map(({ id, data }) => <li key={id}>{data.price.toFixed(2)}</li>)}
      </ol>
    </section>
  );
}

function App() {
  const [channel, setChannel] = useState("btc");
  return (
    <>
      <h1>React</h1>
      <button type="button" onClick={() => setChannel(channel === "btc" ? "eth" : "btc")}>
        the other one
      </button>
      <Prices channel={channel} />
    </>
  );
}

createRoot(document.querySelector("#root")).render(<App />);
