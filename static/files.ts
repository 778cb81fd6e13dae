/**
 * What the client page consists of, embedded in the program as text.
 * @module
 */
import appStyle from "./app.css" with { type: "text" };
import controlsStyle from "./controls.css" with { type: "text" };
import pondStyle from "./pond.css" with { type: "text" };
import talkStyle from "./talk.css" with { type: "text" };
import themeStyle from "./theme.css" with { type: "text" };
import appScript from "./app.js" with { type: "text" };
import connectionScript from "./connection.js" with { type: "text" };
import kodamaScript from "./kodama.js" with { type: "text" };
import kodamaTypes from "./kodama.d.ts" with { type: "text" };
import messageListScript from "./message_list.js" with { type: "text" };
import messageRowScript from "./message_row.js" with { type: "text" };
import settingsScript from "./settings.js" with { type: "text" };
import stateViewScript from "./state_view.js" with { type: "text" };
import stringsScript from "./strings.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import page from "./index.html" with { type: "text" };

/** The page itself, at `/`. */
export { page };

/** What it loads, and the client for other pages, by the name below `/-/assets/`. */
export const assets: Record<string, string> = {
  "app.css": appStyle,
  "controls.css": controlsStyle,
  "pond.css": pondStyle,
  "talk.css": talkStyle,
  "theme.css": themeStyle,
  "app.js": appScript,
  "connection.js": connectionScript,
  "kodama.js": kodamaScript,
  "kodama.d.ts": kodamaTypes,
  "message_list.js": messageListScript,
  "message_row.js": messageRowScript,
  "settings.js": settingsScript,
  "state_view.js": stateViewScript,
  "strings.js": stringsScript,
  "icon.svg": icon,
};
