/**
 * What the client page consists of, embedded in the program as text.
 * @module
 */
import appStyle from "./app.css" with { type: "text" };
import bitsStyle from "./bits.css" with { type: "text" };
import compareStyle from "./compare.css" with { type: "text" };
import controlsStyle from "./controls.css" with { type: "text" };
import framesStyle from "./frames.css" with { type: "text" };
import guideStyle from "./guide.css" with { type: "text" };
import handshakeStyle from "./handshake.css" with { type: "text" };
import meterStyle from "./meter.css" with { type: "text" };
import pondStyle from "./pond.css" with { type: "text" };
import talkStyle from "./talk.css" with { type: "text" };
import themeStyle from "./theme.css" with { type: "text" };
import acceptViewScript from "./accept_view.js" with { type: "text" };
import addressScript from "./address.js" with { type: "text" };
import appScript from "./app.js" with { type: "text" };
import bitGridScript from "./bit_grid.js" with { type: "text" };
import brokenScript from "./broken.js" with { type: "text" };
import compareScript from "./compare.js" with { type: "text" };
import composerScript from "./composer.js" with { type: "text" };
import connectionScript from "./connection.js" with { type: "text" };
import deflateTokensScript from "./deflate_tokens.js" with { type: "text" };
import earlyScript from "./early.js" with { type: "text" };
import elementScript from "./element.js" with { type: "text" };
import envelopeScript from "./envelope.js" with { type: "text" };
import frameListScript from "./frame_list.js" with { type: "text" };
import frameViewScript from "./frame_view.js" with { type: "text" };
import guideScript from "./guide.js" with { type: "text" };
import handshakeScript from "./handshake.js" with { type: "text" };
import handshakeViewScript from "./handshake_view.js" with { type: "text" };
import i18nScript from "./i18n.js" with { type: "text" };
import inflateScript from "./inflate.js" with { type: "text" };
import kodamaScript from "./kodama.js" with { type: "text" };
import kodamaTypes from "./kodama.d.ts" with { type: "text" };
import linkScript from "./link.js" with { type: "text" };
import membersScript from "./members.js" with { type: "text" };
import messageListScript from "./message_list.js" with { type: "text" };
import messageRowScript from "./message_row.js" with { type: "text" };
import meterScript from "./meter.js" with { type: "text" };
import octetTableScript from "./octet_table.js" with { type: "text" };
import payloadMeaningScript from "./payload_meaning.js" with { type: "text" };
import rfcScript from "./rfc.js" with { type: "text" };
import roundTripScript from "./round_trip.js" with { type: "text" };
import settingsScript from "./settings.js" with { type: "text" };
import stateViewScript from "./state_view.js" with { type: "text" };
import stringsEnScript from "./strings.en.js" with { type: "text" };
import stringsJaScript from "./strings.ja.js" with { type: "text" };
import tabsScript from "./tabs.js" with { type: "text" };
import talkScript from "./talk.js" with { type: "text" };
import tapScript from "./tap.js" with { type: "text" };
import tapNoticeScript from "./tap_notice.js" with { type: "text" };
import targetScript from "./target.js" with { type: "text" };
import targetFormScript from "./target_form.js" with { type: "text" };
import themeScript from "./theme.js" with { type: "text" };
import tokenScript from "./token.js" with { type: "text" };
import whatIfScript from "./what_if.js" with { type: "text" };
import wireScript from "./wire.js" with { type: "text" };
import wireLogScript from "./wire_log.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import guide from "./guide.html" with { type: "text" };
import page from "./index.html" with { type: "text" };

/** The page itself, at `/`. */
export { page };

/** What it loads, and the client for other pages, by the name below `/-/assets/`. */
export const assets: Record<string, string> = {
  "app.css": appStyle,
  "bits.css": bitsStyle,
  "compare.css": compareStyle,
  "controls.css": controlsStyle,
  "frames.css": framesStyle,
  "guide.css": guideStyle,
  "handshake.css": handshakeStyle,
  "meter.css": meterStyle,
  "pond.css": pondStyle,
  "talk.css": talkStyle,
  "theme.css": themeStyle,
  "accept_view.js": acceptViewScript,
  "address.js": addressScript,
  "app.js": appScript,
  "bit_grid.js": bitGridScript,
  "broken.js": brokenScript,
  "compare.js": compareScript,
  "composer.js": composerScript,
  "connection.js": connectionScript,
  "deflate_tokens.js": deflateTokensScript,
  "early.js": earlyScript,
  "element.js": elementScript,
  "envelope.js": envelopeScript,
  "frame_list.js": frameListScript,
  "frame_view.js": frameViewScript,
  "guide.js": guideScript,
  "handshake.js": handshakeScript,
  "handshake_view.js": handshakeViewScript,
  "i18n.js": i18nScript,
  "inflate.js": inflateScript,
  "kodama.js": kodamaScript,
  "kodama.d.ts": kodamaTypes,
  "link.js": linkScript,
  "members.js": membersScript,
  "message_list.js": messageListScript,
  "message_row.js": messageRowScript,
  "meter.js": meterScript,
  "octet_table.js": octetTableScript,
  "payload_meaning.js": payloadMeaningScript,
  "rfc.js": rfcScript,
  "round_trip.js": roundTripScript,
  "settings.js": settingsScript,
  "state_view.js": stateViewScript,
  "strings.en.js": stringsEnScript,
  "strings.ja.js": stringsJaScript,
  "tabs.js": tabsScript,
  "talk.js": talkScript,
  "tap.js": tapScript,
  "tap_notice.js": tapNoticeScript,
  "target.js": targetScript,
  "target_form.js": targetFormScript,
  "theme.js": themeScript,
  "token.js": tokenScript,
  "what_if.js": whatIfScript,
  "wire.js": wireScript,
  "wire_log.js": wireLogScript,
  "icon.svg": icon,
  "guide.html": guide,
};
