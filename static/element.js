// Elements without markup in strings: what is said on the wire is text, whatever it looks like.

/**
 * Makes an element.
 * @param {string} tag With classes, `p.note.small`.
 * @param {Record<string, unknown>} [attributes] `undefined` and `false` are left out; `on…` listens.
 * @param {...(Node | string | undefined)} children
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Puts a text into the clipboard; also where the page is not a secure context. */
export async function copy(text) {
  if (navigator.clipboard) return await navigator.clipboard.writeText(text);
  const area = h("textarea", { readonly: true, class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
