// Finding and making elements. Text of the report is only ever read and written as text.
const root = document.documentElement;
const SVG = "http://www.w3.org/2000/svg";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Of a drawing: attributes instead of properties.
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Words in a sentence; those in a list are names, which stand out.
function sentence(element, ...parts) {
  element.replaceChildren(...parts.map((part) => (Array.isArray(part) ? make("b", {}, ...part) : part)));
}
