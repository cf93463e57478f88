# SPDX-License-Identifier: Apache-2.0
"""A YAML file changed in place."""
import yaml

from stack.users import Failure


class Text:
    """A YAML file changed in place: all but the replaced values stays as it was written, so that
    errors name the lines that the author knows."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.edits = []
        try:
            self.root = yaml.compose(self.text, Loader=yaml.SafeLoader)
            self.data = yaml.safe_load(self.text) or {}
        except yaml.YAMLError as e:
            raise Failure(f"{path}: {e}") from e
        if not isinstance(self.root, yaml.MappingNode):
            raise Failure(f"{path}: not a map of settings")

    @staticmethod
    def child(node, key):
        for k, v in node.value if isinstance(node, yaml.MappingNode) else []:
            if k.value == key:
                return v
        return None

    def scalars(self, node=None):
        """Every scalar of the file, keys included."""
        node = node or self.root
        if isinstance(node, yaml.ScalarNode):
            yield node
            return
        for item in node.value:
            for below in item if isinstance(item, tuple) else (item,):
                yield from self.scalars(below)

    def replace(self, node, value):
        self.edits.append((node.start_mark.index, node.end_mark.index, quote(value)))

    def set(self, keys, value):
        node = self.root
        for i, key in enumerate(keys):
            below = self.child(node, key)
            if below is None or (i + 1 < len(keys) and not isinstance(below, yaml.MappingNode)):
                rest = quote(value)
                for k in reversed(keys[i + 1:]):
                    rest = "{%s: %s}" % (k, rest)
                self.insert(node, f"{key}: {rest}")
                return
            node = below
        self.edits.append((node.start_mark.index, node.end_mark.index,
                           " " * (node.start_mark.index == node.end_mark.index) + quote(value)))

    def insert(self, mapping, entry):
        if mapping is self.root and not mapping.flow_style:
            # at the end, so that no line number before it changes
            self.edits.append((len(self.text), len(self.text),
                               ("" if self.text.endswith("\n") else "\n") + entry + "\n"))
        elif mapping.flow_style:
            at = mapping.start_mark.index + 1
            self.edits.append((at, at, entry + (", " if mapping.value else "")))
        else:
            at = mapping.start_mark.index
            self.edits.append((at, at, entry + "\n" + " " * mapping.start_mark.column))

    def write(self, path):
        text = self.text
        for start_at, end_at, new in sorted(self.edits, reverse=True):
            text = text[:start_at] + new + text[end_at:]
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        yaml.safe_load(text)


def quote(value):
    return "'" + value.replace("'", "''") + "'"
