// The examples name this very server, so that they can be run as they stand.

for (const example of document.querySelectorAll("pre")) {
  example.textContent = example.textContent
    .replaceAll("http://localhost:9999", location.origin)
    .replaceAll("ws://localhost:9999", location.origin.replace("http", "ws"));
}
document.title = document.querySelector("main:lang(ja)").checkVisibility()
  ? "Kodama 木霊：使い方"
  : document.title;
