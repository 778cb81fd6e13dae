/**
 * NATS's client, of one version. It is named in full here and not in `deno.json`: what stands there under `scopes` does not
 * hold where this is part of another program, and what stands under `imports` is fetched by every start.
 * @module
 */
export {
  createInbox,
  credsAuthenticator,
  headers,
  type Msg,
  type MsgHdrs,
  nanos,
  type NatsConnection,
} from "npm:@nats-io/transport-node@3.4.0";
export {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  jetstreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "npm:@nats-io/jetstream@3.4.0";
export {
  type ConnectionOptions,
  NatsConnectionImpl,
  setTransportFactory,
} from "npm:/@nats-io/transport-node@3.4.0/lib/nats-base-client.js";
export {
  nodeResolveHost,
  NodeTransport,
} from "npm:/@nats-io/transport-node@3.4.0/lib/node_transport.js";
