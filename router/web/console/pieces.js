// Making and keeping elements. What was texted is hostile: words reach the page through textContent alone.

export const $ = (id) => document.getElementById(id);

export function make(tag, name = "", words = undefined, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (words !== undefined) made.textContent = words;
  made.append(...children);
  return made;
}

// Writes only what changed: a reader's focus, selection and ear stay where they are.
export function write(element, words) {
  const text = String(words);
  if (element.textContent !== text) element.textContent = text;
}

export function mark(element, name) {
  if (element.className !== name) element.className = name;
}

export function show(element, is) {
  if (element.hidden === is) element.hidden = !is;
}

// One child for each item, kept by key: made once, and told every time.
export function keep(parent, items, key, create, tell) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    let child = known.get(key(item));
    if (!child) {
      child = create(item);
      child.dataset.key = key(item);
    }
    known.delete(key(item));
    tell(child, item);
    return child;
  });
  for (const gone of known.values()) gone.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] || null);
  });
}

export function button(words, name) {
  const made = make("button", name, words);
  made.type = "button";
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function bar(shares) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", "0 0 100 4");
  drawn.setAttribute("preserveAspectRatio", "none");
  drawn.setAttribute("class", "bar");
  drawn.setAttribute("aria-hidden", "true");
  for (const name of shares) {
    const part = document.createElementNS(SVG, "rect");
    part.setAttribute("class", name);
    part.setAttribute("height", "4");
    drawn.append(part);
  }
  return drawn;
}

export function fillBar(drawn, shares) {
  let at = 0;
  [...drawn.children].forEach((part, which) => {
    const width = Math.max(0, Math.min(100 - at, shares[which] * 100));
    part.setAttribute("x", String(at));
    part.setAttribute("width", String(width));
    at += width;
  });
}
