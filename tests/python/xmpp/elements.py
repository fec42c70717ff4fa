"""XML as it stands in a story: read, written, and compared with what a server sent.

In what is expected, `{any}` stands for whatever is there and `{word}` for the same text wherever the word comes again; `...` within an
element allows more children than are named; an element within `<no>` must not be there. Order means nothing among
attributes and children. A stanza's type is compared even where the story leaves it out, other attributes only where it names them.
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
GAP = re.compile(r"\{(\w+)\}")

# What a server may add to any stanza, or to presence, unasked.
ANNOTATIONS = {"{urn:xmpp:sid:0}stanza-id", "{urn:xmpp:occupant-id:0}occupant-id"}
TO_PRESENCE = ANNOTATIONS | {"{urn:xmpp:delay}delay", "{vcard-temp:x:update}x"}


class Different(AssertionError):
    """What came is not what was expected."""


def read(text: str) -> list[Element]:
    """The elements of a story's block, in the namespace of clients unless they say otherwise."""
    return list(ElementTree.fromstring(f"<r xmlns='{CLIENT}' xmlns:stream='{STREAM}'>{text}</r>"))


def split(tag: str) -> tuple[str, str]:
    """Namespace and name."""
    space, _, name = tag.rpartition("}")
    return space.removeprefix("{"), name


def name_of(element: Element) -> str:
    return split(element.tag)[1]


def write(element: Element, inside: str = CLIENT) -> str:
    """As text, for a place where `inside` is the default namespace."""
    space, name = split(element.tag)
    declared = "" if space == inside else f" xmlns={quoteattr(space)}"
    pairs = (("xml:lang" if key == XML_LANG else key, value) for key, value in element.attrib.items())
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in pairs)
    inner = escape(element.text or "") + "".join(write(child, space) + escape(child.tail or "") for child in element)
    return f"<{name}{declared}{attributes}>{inner}</{name}>" if inner else f"<{name}{declared}{attributes}/>"


def fill(text: str, known: dict[str, str]) -> str:
    """A story's text with its gaps filled by what is known; a gap of which nothing is known stays as it is."""
    return GAP.sub(lambda found: escape(known[found[1]], {'"': "&quot;"}) if found[1] in known else found[0], text)


def same_text(wanted: str, got: str, known: dict[str, str]):
    """Compares, and learns what stands in the gaps."""
    pattern, fresh = "", []
    for place, part in enumerate(GAP.split(wanted)):
        if place % 2 == 0:
            pattern += re.escape(part)
        elif part == "any":
            pattern += ".*"
        elif part in known:
            pattern += re.escape(known[part])
        elif part in fresh:
            pattern += f"(?P={part})"
        else:
            fresh.append(part)
            pattern += f"(?P<{part}>.+)"
    found = re.fullmatch(pattern, got, re.DOTALL)
    if not found:
        raise Different(f"{got!r} is not {fill(wanted, known)!r}")
    known.update(found.groupdict())


def compare(wanted: Element, got: Element, known: dict[str, str], top: bool = True):
    """`Different`, with the first difference, unless `got` is what is `wanted`. Adds to `known` what the gaps turned out to be."""
    if wanted.tag != got.tag:
        raise Different(f"<{got.tag}> is not <{wanted.tag}>")
    if top and kind(wanted) != GAP.sub(kind(got) or "", kind(wanted) or "") and kind(wanted) != kind(got):
        raise Different(f"type {kind(got)!r} is not {kind(wanted)!r}")
    for name, value in wanted.attrib.items():
        compare_attribute(name, value, got, known)
    text = (wanted.text or "").strip() if len(wanted) else wanted.text or ""
    open_ended = text.strip() == "..." or any((child.tail or "").strip() == "..." for child in wanted)
    if not open_ended and not len(wanted):
        same_text(text, got.text or "", known)
    compare_children(wanted, got, known, top, open_ended)


def kind(stanza: Element) -> str | None:
    """Its type, with the default of messages (RFC 6121 section 5.2.2)."""
    return stanza.get("type") or ("normal" if name_of(stanza) == "message" else None)


def compare_attribute(name: str, value: str, got: Element, known: dict[str, str]):
    if value == "{none}":
        if name in got.attrib:
            raise Different(f"there is an attribute {name}={got.get(name)!r}")
    elif name not in got.attrib:
        raise Different(f"there is no attribute {name}")
    else:
        same_text(value, got.get(name), known)


def compare_children(wanted: Element, got: Element, known: dict[str, str], top: bool, open_ended: bool):
    left = list(got)
    for child in wanted:
        if name_of(child) == "no":
            for absent in child:
                if any(fits(absent, one, dict(known)) for one in got):
                    raise Different(f"there is a <{absent.tag}>")
            continue
        found = next((one for one in left if fits(child, one, known)), None)
        if found is None:
            raise Different(why_not(child, left, known))
        left.remove(found)
    unasked = TO_PRESENCE if name_of(got) == "presence" else ANNOTATIONS
    unwanted = [one for one in left if not (top and one.tag in unasked)]
    if unwanted and not open_ended:
        raise Different(f"there is a <{unwanted[0].tag}> too many in <{got.tag}>")


def fits(wanted: Element, got: Element, known: dict[str, str]) -> bool:
    """Whether it is what is wanted; only then is anything learnt."""
    learnt = dict(known)
    try:
        compare(wanted, got, learnt, top=False)
    except Different:
        return False
    known.update(learnt)
    return True


def why_not(wanted: Element, left: list[Element], known: dict[str, str]) -> str:
    alike = next((one for one in left if one.tag == wanted.tag), None)
    if alike is None:
        return f"there is no <{wanted.tag}>"
    try:
        compare(wanted, alike, dict(known), top=False)
    except Different as difference:
        return f"in <{wanted.tag}>: {difference}"
    return f"there are too few <{wanted.tag}>"


def expect(wanted: Element, got: Element, known: dict[str, str]):
    """Compares whole stanzas; a failure shows both."""
    try:
        compare(wanted, got, known)
    except Different as difference:
        shown = f"{difference}\nwanted: {fill(write(wanted), known)}\ngot:    {write(got)}"
        raise Different(shown) from None
