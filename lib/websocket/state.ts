/**
 * The closing handshake (RFC 6455, 7.1): where a connection stands, and what follows what.
 * @module
 */

/** Where a connection stands in its life (RFC 6455, section 7). */
export type State = "open" | "closing" | "closed";

/** What can change that. */
export type Change = "close sent" | "close received" | "failed" | "lost";

/** The closing handshake (RFC 6455, 7.1): what follows what. */
export const next: Record<State, Record<Change, State>> = {
  open: {
    "close sent": "closing",
    "close received": "closed",
    failed: "closed",
    lost: "closed",
  },
  closing: {
    "close sent": "closing",
    "close received": "closed",
    failed: "closed",
    lost: "closed",
  },
  closed: {
    "close sent": "closed",
    "close received": "closed",
    failed: "closed",
    lost: "closed",
  },
};
