// What a person sees of a page, and where. Home Assistant's frontend is shadow roots all the way down, which the
// browser's own queries do not look into; this walks the tree as it is drawn.
window.evSeen = (() => {
  const skipped = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT"]);
  const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();

  const drawnIn = (node) => {
    if (node.shadowRoot) return node.shadowRoot.childNodes;
    if (node.localName === "slot" && node.assignedNodes().length) return node.assignedNodes();
    return node.childNodes;
  };

  // A box of no size, such as display: contents, may hold what is drawn all the same.
  const isHidden = (element) => {
    const style = getComputedStyle(element);
    return style.display === "none" || style.visibility === "hidden" || style.opacity === "0";
  };

  // There is no body yet while a page begins to load.
  function* all() {
    if (document.body) yield* walk(document.body);
  }

  function* walk(node) {
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (skipped.has(node.nodeName) || isHidden(node)) return;
      yield node;
    } else if (node.nodeType === Node.TEXT_NODE) {
      yield node;
      return;
    }
    for (const child of drawnIn(node)) yield* walk(child);
  }

  const text = () =>
    [...all()]
      .filter((node) => node.nodeType === Node.TEXT_NODE && plain(node.data))
      .map((node) => plain(node.data))
      .join("\n");

  const names = (element) => [
    plain([...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("")),
    plain(element.getAttribute("aria-label")),
    plain(element.getAttribute("title")),
    plain(element.getAttribute("placeholder")),
    plain(element.label?.toString()),
    // A switch is drawn by the label of an input that cannot be seen itself.
    plain(element.control?.getAttribute("aria-label")),
  ];

  const topmost = (x, y) => {
    let found = document.elementFromPoint(x, y);
    for (let inner = found; inner; inner = inner.shadowRoot?.elementFromPoint(x, y)) {
      if (inner === found && found.shadowRoot?.elementFromPoint(x, y) === found) break;
      found = inner;
    }
    return found;
  };

  const parent = (node) => node.assignedSlot ?? node.parentNode ?? node.host;

  const isWithin = (inner, outer) => {
    for (let node = inner; node; node = parent(node)) if (node === outer) return true;
    return false;
  };

  // Returns the middle of what bears that text or label and would get a click there; the first, or a later one.
  const place = (wanted, index = 0) => {
    const found = [];
    for (const element of all()) {
      if (element.nodeType !== Node.ELEMENT_NODE || !names(element).includes(wanted)) continue;
      element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
      const box = element.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      if (!box.width || !box.height || !isWithin(topmost(x, y), element)) continue;
      // What is within another and bears the same label is the same to whoever clicks.
      if (found.length && isWithin(element, found.at(-1))) continue;
      found.push(element);
      if (found.length > index) return [x, y];
    }
    return null;
  };

  const isInLogbook = (node) => {
    for (let outer = node; outer; outer = parent(outer)) if (outer.localName === "ha-logbook") return true;
    return false;
  };

  // Tells whether something hides a part of a text for good; what scrolls does not. The logbook shortens whatever
  // stands beside a long state, in every language, and shows it whole on a click.
  const isCut = (node) => {
    if (isInLogbook(node)) return false;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const hiding = { x: true, y: true };
    for (let outer = parent(node); outer && (hiding.x || hiding.y); outer = parent(outer)) {
      if (outer.nodeType !== Node.ELEMENT_NODE) continue;
      const style = getComputedStyle(outer);
      const edge = outer.getBoundingClientRect();
      // This small is what only a screen reader reads.
      if (edge.width === 1 || edge.height === 1) return false;
      if (style.overflowX === "auto" || style.overflowX === "scroll") hiding.x = false;
      if (style.overflowY === "auto" || style.overflowY === "scroll") hiding.y = false;
      const clips = (axis) => hiding[axis] && ["hidden", "clip"].includes(style[`overflow${axis.toUpperCase()}`]);
      if (clips("x") && (box.right > edge.right + 1 || box.left < edge.left - 1)) return true;
      if (clips("x") && style.textOverflow === "ellipsis" && outer.scrollWidth > outer.clientWidth + 1) return true;
      if (clips("y") && (box.bottom > edge.bottom + 1 || box.top < edge.top - 1)) return true;
      if (style.position === "fixed") return false;
    }
    return false;
  };

  // Returns every piece of text, and whether a part of it is hidden.
  const pieces = () =>
    [...all()]
      .filter((node) => node.nodeType === Node.TEXT_NODE && plain(node.data))
      .map((node) => [plain(node.data), isCut(node)]);

  return { text, place, pieces };
})();
