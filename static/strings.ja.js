// このページのすべての文言（日本語）。鍵は strings.en.js と同じ。

const number = new Intl.NumberFormat("ja");
const time = new Intl.DateTimeFormat("ja", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const bytes = (n) => `${number.format(n)}バイト`;

/** よく使われるクローズコードの意味（RFC 6455, 7.4.1）。 */
const closeReasons = {
  1000: "正常終了",
  1001: "離脱",
  1002: "プロトコルエラー",
  1003: "扱えないデータ",
  1005: "コードなし",
  1006: "切断",
  1007: "不正なテキスト",
  1008: "規則違反",
  1009: "メッセージが大きすぎる",
  1011: "サーバーの異常",
  1012: "再起動中",
  1013: "のちほど再試行",
};

const closed = (code, reason) => {
  const meaning = reason || closeReasons[code];
  return meaning ? `${code} ${meaning}` : `${code}`;
};

const units = { ms: "ミリ秒", s: "秒", m: "分", h: "時間" };

/** どのチャンネルに、なぜ抜けがあるか。 */
const gaps = (channels) =>
  Object.entries(channels).map(([name, why]) => `/${name}（${why}）`).join("、");

export const strings = {
  page: {
    motto: "curl ひとつで、どのページにもすぐ届く。",
    preferences: "表示の設定",
    docs: "使い方",
    language: "言語",
    theme: "テーマ",
    connection: "接続",
    views: "表示",
    talk: "会話",
    handshake: "ハンドシェイク",
    frames: "フレーム",
    received: "受信",
    sent: "送信",
    talkTo: "話す相手",
    ticker: "ティッカー",
    echo: "エコー",
    channel: "チャンネル",
    answer: "echo に返事をする",
    answerAs: "例：",
    echoHint: "送ったものが、そのまま返ってきます。",
    channelName: "チャンネル名",
    mode: "フレームの中身",
    raw: "メッセージそのまま",
    envelope: "JSONの封筒入り",
    since: "いつから",
    token: "トークン",
    tokenHint: "JWT（このタブだけで保持）",
    messages: "メッセージ",
    filter: "メッセージを絞り込む",
    filterHint: "絞り込み",
    pause: "一時停止",
    copy: "コピー",
    clear: "消去",
    logHint: "一覧にフォーカスがある間、新しいメッセージが読み上げられます。",
    file: "ファイル",
    send: "送信",
    copyCurl: "curlをコピー",
    chosenFrame: "選んだフレーム",
    whatIf: "もしも",
    tryIt: "試す",
  },
  themes: { system: "システムに合わせる", light: "ライト", dark: "ダーク" },
  theme: (name) => `テーマ：${name}`,
  states: {
    connecting: "接続中",
    open: "接続済み",
    closing: "切断中",
    waiting: "切断",
    closed: "切断",
  },
  refused: "拒否",
  connect: "接続する",
  disconnect: "切断する",
  closed,
  retryIn: (seconds) => `${seconds}秒後に再接続`,
  since: (at) => `${time.format(at)}から`,
  count: (n) => number.format(n),
  bytes,
  talk: {
    latest: (unseen) => unseen > 0 ? `新着${number.format(unseen)}件` : "最新へ",
    resume: (held) => held > 0 ? `再開（${number.format(held)}）` : "再開",
    copied: "コピーしました",
    sayTo: (where) => `${where} へ`,
    textTo: (where) => `${where} へ送るテキスト`,
    sendTo: (where) => `送信（${where} へ）`,
    fileTo: (where) => `ファイル（${where} へ）`,
    lead: (path) => `これを実行すると、${path} を見ている全員に届きます。`,
    open: (path) => `${path} を開く`,
    kinds: {
      ticker: "サーバーから echo 1, echo 2, …",
      echo: "送ったものが返ってきます",
      channel: "名前を入れてください",
    },
    watching: ({ mode, since }) => {
      if (since === "") return mode === "raw" ? "いまから、そのまま" : "いまから、封筒入り";
      if (since === "all") return "残っているものすべてと、これから";
      const age = /^(\d+)(ms|s|m|h)$/.exec(since);
      return age ? `直近${age[1]}${units[age[2]]}と、これから` : `${since} より後`;
    },
    nothing: ({ since }) => {
      const age = /^(\d+)(ms|s|m|h)$/.exec(since);
      const when = since === "" ? "まだ" : age ? `直近${age[1]}${units[age[2]]}は` : "それ以降は";
      return `${when}何も配信されていません。上の1行を実行するか、下からひとこと送ってください。`;
    },
    earlier: "以前",
    earlierNote: "このページが見始める前に配信されたもの",
    characters: (n) => `${number.format(n)}文字`,
    unfold: (size) => `全${size}を表示`,
    foldUp: (size) => `たたむ（${size}）`,
    opened: (path) => `接続 ${path}`,
    closedWith: (code, reason) => `切断 ${closed(code, reason)}`,
    cut: (characters) => `… 全${number.format(characters)}文字`,
    binary: (n, hex) => `バイナリ ${bytes(n)}: ${hex}`,
    refused: (why) => `断られました：${why}`,
    lost: (channels) => `届かなかったものがあります：${gaps(channels)}`,
    name: "英数字と _ . ~ @ : = ! - が使えます。/ で区切り、複数ならコンマで並べます。",
  },
  members: {
    name: (sub, n) => n === 1 ? sub : `${sub} (${number.format(n)})`,
    there: (n, names, more, nameless) => {
      const all = [...names];
      if (more > 0) all.push(`ほか ${number.format(more)} 名`);
      if (nameless > 0 && all.length > 0) all.push(`名前なし ${number.format(nameless)}`);
      const count = `接続 ${number.format(n)}`;
      return all.length > 0 ? `${count}: ${all.join("、")}` : count;
    },
  },
  tap: {
    waiting: "回線が流れ出すのを待っています…",
    off:
      "このサーバーは回線の中身を見せない設定です。代わりに RFC の例を示します。ほかの機能はそのまま使えます。",
    gone: "観察用の接続が切れたため、回線の中身が見えません。接続し直すと、また見えます。",
    lost: (n) => `流れが速く、${number.format(n)}件を表示できませんでした`,
  },
  handshake: {
    request: "ブラウザーの求め",
    response: "サーバーの答え",
    accept: "Acceptの値ができるまで",
    agreed: "取り決めたこと",
    example: "RFC の例の鍵で計算します。",
    first: {
      request: "ふつうの HTTP/1.1 のリクエスト。HTTP の通る道なら、これも通ります。",
      response: "101：次のバイトから、双方が WebSocket で話します。",
    },
    fields: {
      host: "宛先のサーバー名。Kodama は自分の名前でなければ断ります。",
      upgrade: "ここからは WebSocket で話しましょう、という提案です。",
      connection: "切り替えはこの接続だけのもの。中継先へは渡しません。",
      "sec-websocket-key":
        "毎回新しい16バイトの乱数を base64 にしたもの。秘密ではなく、この問いへの答えだと確かめるためのものです。",
      "sec-websocket-version": "13 が RFC 6455 です。",
      "sec-websocket-extensions": "拡張。ブラウザーが挙げ、サーバーが選びます。",
      "sec-websocket-protocol": "サブプロトコル。メッセージの意味を決めます。",
      "sec-websocket-accept": "鍵から作った値。問いを理解した相手だけが作れます。",
      origin:
        "求めているページの出どころ。ブラウザーが書きます。Kodama は見知らぬページを断ります。",
      cookie: "ここでは伏せています。",
      authorization: "ここでは伏せています。",
    },
    others: (n) => `ほかに${n}個のフィールド`,
    steps: {
      key: "リクエストの鍵",
      guid: "その後ろに、RFC が定める GUID をつなぐ",
      sha1: "この60文字の SHA-1（20バイト）",
      base64: "base64 にする",
      received: "受け取った Sec-WebSocket-Accept",
    },
    equal: "一致しました。サーバーは問いを理解しています。",
    different: "一致しません。ブラウザーはこのような接続を失敗させます。",
    noCrypto: "Web Crypto は HTTPS か localhost でしか使えないため、ここでは計算できません。",
    deflate:
      "permessage-deflate：メッセージを圧縮できます（RFC 7692）。圧縮したものには RSV1 が立ちます。",
    noDeflate: "拡張なし。どのメッセージもそのまま送られます。",
    parameters: {
      server_no_context_takeover:
        "サーバーはメッセージを1つずつ独立に圧縮します。だから全購読者で同じものを使えます。",
      client_no_context_takeover: "ブラウザーはメッセージを1つずつ独立に圧縮します。",
      server_max_window_bits: "サーバーが圧縮でさかのぼるのは 2ⁿ バイトまでです。",
      client_max_window_bits: "ブラウザーが圧縮でさかのぼるのは 2ⁿ バイトまでです。",
    },
    protocol: (name) => `サブプロトコル ${name}：メッセージは JSON の封筒に入ります。`,
    noProtocol: "サブプロトコルなし。メッセージの意味は、ふたりに任されています。",
    tapped:
      "リクエスト行には、このページがこの接続を見るためのパラメーターがあと2つありますが、ここでは省いています。",
  },
  opcodes: {
    0: "継続",
    1: "テキスト",
    2: "バイナリ",
    8: "クローズ",
    9: "ping",
    10: "pong",
  },
  unknownOpcode: "予約",
  frames: {
    way: { in: "ブラウザー → サーバー", out: "サーバー → ブラウザー" },
    stranger: (n) => `接続${n}`,
    empty: "まだフレームはありません。",
    fragment: (n) => `断片${n}`,
    last: (n) => `断片${n}（最後）`,
    compressed: "圧縮",
    after: (ms) => `リクエストの${number.format(ms)}ミリ秒後`,
    from: { what: "もしも", link: "リンクから" },
    newest: (n) => n > 0 ? `新着${number.format(n)}件` : "最新へ",
    copyLink: "リンクをコピー",
    bits: "ビット",
    bitsHint: "左右の矢印キーで、フィールドからフィールドへ移れます。",
    more: (n) => `ほかに${bytes(n)}`,
    oneBit: "1ビット",
    bitCount: (n) => `${number.format(n)}ビット`,
    bitsOf: (count) => `（${count}）`,
    payload: "ペイロード",
    noPayload: "ペイロードはありません。",
    cut: (shown, all) => `${number.format(all)}バイトのうち、先頭の${bytes(shown)}が見えています。`,
    tableCut: (shown) => `先頭の${bytes(shown)}を描いています。`,
    wire: "回線上",
    keyRow: "⊕ 鍵",
    plain: "= 元の値",
    text: "文字",
    keyField: "マスキングキー",
    anotherKey: "別の鍵",
    asSent: "送ったとおり",
    keyHint: "鍵が変わると回線上のバイトも変わりますが、メッセージは変わりません。",
    utf8: "UTF-8 として",
    notUtf8: "このバイト列だけでは、UTF-8 のテキストになりません。",
    binary: "バイナリ：意味の決まっていないバイト列です。",
    inflated: (from, to) => `伸張後（${number.format(from)}バイト → ${bytes(to)}）`,
    inflating: "このペイロードは圧縮されています。伸張しています…",
    notAlone:
      "前のメッセージを手がかりに圧縮されています（context takeover）が、それがそろっていないため、伸張できません。",
    notWhole: "圧縮されたメッセージの一部です。最後の断片が届くと伸張できます。",
    notAll: "圧縮されていて、見える範囲より長いため、ここでは伸張できません。",
    broken: "圧縮されていますが、伸張できません。",
    joined: (n) => `メッセージ全体（断片${n}個）`,
    noCode: "コードなし。何も言わずに閉じます。",
    closeCode: (code, reason) =>
      `コード ${closed(code, "")}${reason ? `、理由は「${reason}」` : ""}`,
    ping: "そこにいますか、という問い。相手は同じバイト列を pong で返します。",
    pong: "ここにいます、という答え。",
  },
  fields: {
    fin: "FIN",
    rsv1: "RSV1",
    rsv2: "RSV2",
    rsv3: "RSV3",
    opcode: "オペコード",
    mask: "MASK",
    length: "長さ",
    length16: "長さ（16ビット）",
    length64: "長さ（64ビット）",
    key: "マスキングキー",
    payload: "ペイロード",
  },
  meanings: {
    fin: (on) =>
      on ? "1：このフレームでメッセージが終わります。" : "0：このメッセージの断片がまだ続きます。",
    rsv1: (on) =>
      on
        ? "1：メッセージは圧縮されています（permessage-deflate）。"
        : "0：メッセージは圧縮されていません。",
    rsv: (on) =>
      on
        ? "1：予約ビット。いま使われている拡張では意味を持たないので、0 でなければなりません。"
        : "0：予約ビット。いま使われている拡張では意味を持ちません。",
    opcode: (code, name) =>
      `${code}：${name}${
        code >= 8 ? "。制御フレームです" : code === 0 ? "。前のフレームの続きです" : ""
      }。`,
    mask: (on, dir) =>
      on
        ? "1：ペイロードはマスクされています。ブラウザーから送るものは必ずそうなります。"
        : dir === "out"
        ? "0：マスクされていません。サーバーから送るものは決してマスクされません。"
        : "0：マスクされていません。クライアントから送るものは必ずマスクしなければなりません。",
    length: (n) =>
      n < 126
        ? `${n}：ペイロードのバイト数です。`
        : n === 126
        ? "126：長さは次の16ビットにあります。"
        : "127：長さは次の64ビットにあります。",
    extended: (n) => `${number.format(n)}：ペイロードのバイト数です。`,
    key: (hex) =>
      `${hex}：ブラウザーがこのフレームのために無作為に選んだ鍵。ペイロードの i 番目のバイトと、鍵の i mod 4 番目のバイトの XOR を取ります。`,
    payload: (n) => `${bytes(n)}のペイロードです。`,
  },
  whatIf: {
    cases: {
      unmasked: "フレームがマスクされていなかったら",
      notUtf8: "テキストが UTF-8 でなかったら",
      reserved: "予約ビットが立っていたら",
      tooBig: "メッセージが大きすぎたら",
      opcode: "知らないオペコードだったら",
      fragmentedPing: "ping が断片に分かれていたら",
      continuation: "続きだけが届いたら",
      longForm: "長さの書き方が無駄に長かったら",
      closeCode: "クローズコードが 1005 だったら",
    },
    closed: (code, reason) => `サーバーは ${code} で閉じます：「${reason}」`,
    open: "接続は開いたままです。",
    failed: "サーバーに聞けませんでした。",
  },
  compare: {
    title: "圧縮",
    sent: "四角ひとつが1ビットです。実際に送られたのは右のほうです。",
    tried: (shorter) =>
      shorter
        ? "四角ひとつが1ビットです。送られたのは左のほうで、圧縮すれば右のようになります。"
        : "四角ひとつが1ビットです。送られたのは左のほうです。短すぎて、圧縮しても小さくなりません。",
    plain: "そのまま",
    deflated: "圧縮後",
    size: (n, percent) => `${bytes(n)}${percent === 100 ? "" : `（${percent}％）`}`,
    copies:
      "印のあるところは送り直していません。「どれだけ前から何バイト」とだけ書かれています。残りは、よく出るものほど短い符号になります。",
  },
  meter: {
    name: "この1分",
    messages: "メッセージ/秒",
    bytes: "バイト/秒",
    roundTrip: "往復（ミリ秒）",
    chart: (name) => `この1分の${name}`,
  },
};
