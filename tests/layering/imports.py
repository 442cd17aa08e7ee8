"""Which file of a crate imports which: read from the code, without its tests.

An import counts for the file that its path names. A path through a `mod.rs` that re-exports something counts
for that `mod.rs`, so code inside a crate imports from the file that holds the thing.
"""

import re
from pathlib import Path

from workspace import is_test

IDENT = r"[A-Za-z_][A-Za-z0-9_]*"
COMMENT = r"//[^\n]*|/\*.*?\*/"
STRING = r'''\bb?r(?P<hashes>\#*)".*?"(?P=hashes)|\bb?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*"'''
CHAR = r"b?'(?:\\[^\n]{1,8}?|[^'\\\n])'"
DOORS = {"mod.rs", "lib.rs", "main.rs"}
# In one pattern: what looks like a comment in a string is none, and the other way round.
TOKEN = re.compile(f"(?P<comment>{COMMENT})|(?P<text>{STRING}|{CHAR})", re.S)


def without_comments(code):
    return TOKEN.sub(lambda found: " " if found["comment"] else found[0], code)


def without_strings_and_comments(code):
    return TOKEN.sub(" ", code)


def without_tests(code):
    """The code that is built when no test is: every item behind `#[cfg(test)]` is left out.

    Give it code without strings, whose brackets would be counted.
    """
    while found := re.search(r"#\[cfg\((?:test|all\(test[^]]*)\)\]", code):
        at, depth = found.end(), 0
        while at < len(code):
            if code[at] in "{([":
                depth += 1
            elif code[at] in "})]":
                depth -= 1
                if depth == 0 and code[at] == "}":
                    break
            elif code[at] == ";" and depth == 0:
                break
            at += 1
        code = code[: found.start()] + code[at + 1 :]
    return code


def leaves(tree):
    """The paths of one use tree: `a::{b, c::d}` is `a::b` and `a::c::d`."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace < 0:
        yield [part.strip() for part in re.split(r"\s+as\s+", tree)[0].split("::")]
        return
    prefix = [part.strip() for part in tree[:brace].split("::") if part.strip()]
    depth, start = 0, brace + 1
    for at in range(brace, len(tree)):
        if tree[at] == "{":
            depth += 1
        elif tree[at] == "}":
            depth -= 1
        if (tree[at] == "," and depth == 1) or (tree[at] == "}" and depth == 0):
            if tree[start:at].strip():
                yield from (prefix + leaf for leaf in leaves(tree[start:at]))
            start = at + 1


class Crate:
    """The files of one crate and the arrows between them."""

    def __init__(self, source):
        self.source = Path(source)
        self.modules = {}
        for file in sorted(self.source.rglob("*.rs")):
            parts = list(file.relative_to(self.source).with_suffix("").parts)
            # `main.rs` is a crate of its own beside `lib.rs`, which it names from outside.
            if is_test(file, self.source) or parts == ["main"] and (self.source / "lib.rs").exists():
                continue
            if parts[-1] in ("mod", "lib", "main"):
                parts.pop()
            self.modules[tuple(parts)] = file
        self.arrows = {file: self._imports(module, file) for module, file in self.modules.items()}

    def _imports(self, module, file):
        code = without_tests(without_strings_and_comments(file.read_text()))
        paths = []
        for tree in re.findall(r"\buse\s+([^;]+);", code):
            paths.extend(leaves(tree))
        rest = re.sub(r"\buse\s+[^;]+;", " ", code)
        for path in re.findall(rf"(?<![\w:])(?:{IDENT})(?:\s*::\s*{IDENT})+", rest):
            paths.append([part.strip() for part in path.split("::")])
        found = {}
        for path in paths:
            target = self._resolve(module, path)
            if target is not None and target[0] != file:
                found.setdefault(target[0], set()).add(target[1])
        return found

    def _resolve(self, module, path):
        """The file that `path`, as it stands in `module`, names; and what of it."""
        if path[0] == "crate":
            at, rest = [], path[1:]
        elif path[0] in ("self", "super"):
            at, rest = list(module), list(path)
            while rest and rest[0] in ("self", "super"):
                if rest[0] == "super" and at:
                    at.pop()
                rest.pop(0)
        elif module + (path[0],) in self.modules:
            at, rest = list(module), list(path)
        else:
            return None
        while rest and tuple(at + rest[:1]) in self.modules:
            at.append(rest.pop(0))
        if tuple(at) not in self.modules:
            return None
        return self.modules[tuple(at)], (rest[0] if rest else "the module")

    def circles(self):
        """The groups of files that import each other, each as its arrows in words."""
        return [
            [
                f"{self._name(one)} -> {self._name(other)}: {', '.join(sorted(names))}"
                for one in group
                for other, names in sorted(self.arrows[one].items())
                if other in group
            ]
            for group in map(sorted, strongly_connected(self.arrows))
        ]

    def circles_of_siblings(self):
        """The groups of files and folders under one folder that import each other, each with all below it.

        A `mod.rs` or `lib.rs` is the folder that it is in. What it takes from below and what those below take
        from it stays inside that folder and does not count here; whether the files themselves go round in a
        circle is what `circles` finds.
        """
        folders = {}
        for file, others in self.arrows.items():
            for other in others:
                one, two = file.relative_to(self.source).parts, other.relative_to(self.source).parts
                depth = next(at for at, (a, b) in enumerate(zip(one, two)) if a != b)
                if not {one[depth], two[depth]} & DOORS:
                    arrows = folders.setdefault(one[:depth], {})
                    arrows.setdefault(two[depth], {})
                    by_file = arrows.setdefault(one[depth], {}).setdefault(two[depth], [])
                    by_file.append(f"{self._name(file)} -> {self._name(other)}")
        return [
            [arrow for one in sorted(group) for other in sorted(group) for arrow in arrows[one].get(other, [])]
            for arrows in folders.values()
            for group in strongly_connected(arrows)
        ]

    def _name(self, file):
        return str(file.relative_to(self.source))


def strongly_connected(arrows):
    """Tarjan's algorithm: the groups of more than one that can reach each other."""
    index, low, stack, on_stack, groups = {}, {}, [], set(), []

    def visit(start):
        work = [(start, iter(arrows[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            one, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(arrows[other])))
                    break
                if other in on_stack:
                    low[one] = min(low[one], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[one])
                if low[one] == index[one]:
                    group = set()
                    while True:
                        other = stack.pop()
                        on_stack.discard(other)
                        group.add(other)
                        if other == one:
                            break
                    if len(group) > 1:
                        groups.append(group)

    for file in arrows:
        if file not in index:
            visit(file)
    return groups


if __name__ == "__main__":
    import sys

    for source in sys.argv[1:]:
        crate = Crate(source)
        for number, circle in enumerate(crate.circles() + crate.circles_of_siblings(), 1):
            print(f"{source}: circle {number}")
            print("\n".join(f"  {arrow}" for arrow in circle))
