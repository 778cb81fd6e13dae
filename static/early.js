// Before the first paint: the theme and language that were chosen, so that nothing flashes.
(() => {
  const recall = (key) => {
    try {
      return localStorage.getItem(`kodama.${key}`);
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const theme = recall("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = recall("language") ?? navigator.languages.find((l) => /^(ja|en)\b/i.test(l)) ??
    "en";
  root.lang = language.toLowerCase().startsWith("ja") ? "ja" : "en";
})();
