"""Reads a file that `tlshive generate` wrote with somebody else's parser, and prints a line `key|value|type|data` for each
value that it sets, the key below HKEY_LOCAL_MACHINE. Fails where the file has a name that its format does not know.

formats.py pol|gpp|ansible|dsc3|lgpo FILE     (samba, ElementTree, PyYAML; LGPO text has no parser of its own)
formats.py powershell FILE               (tree-sitter-powershell; prints nothing)
"""

import sys

# [MS-GPPREF] 2.2.1.1 and 2.2.1.17
GPP = {
    "RegistrySettings": {"clsid", "disabled"},
    "Collection": {"clsid", "name", "disabled", "changed", "uid", "desc"},
    "Registry": {
        "clsid", "name", "status", "image", "changed", "uid", "desc", "disabled", "bypassErrors", "userContext", "removePolicy",
    },
    "Properties": {"action", "displayDecimal", "default", "hive", "key", "name", "type", "value"},
    "Values": set(),
    "Value": set(),
}  # fmt: skip
GPP_ABOVE = {
    "RegistrySettings": {None},
    "Collection": {None, "RegistrySettings", "Collection"},
    "Registry": {"RegistrySettings", "Collection"},
    "Properties": {"Registry"},
    "Values": {"Properties"},
    "Value": {"Values"},
}
# ansible.windows.win_regedit
ANSIBLE = {"path", "name", "data", "type", "state", "delete_key", "hive"}


def wrong(what):
    sys.exit(f"formats.py: {what}")


def pol(path):
    from samba.dcerpc import preg
    from samba.ndr import ndr_unpack

    with open(path, "rb") as file:
        policy = ndr_unpack(preg.file, file.read())
    if (policy.header.signature, policy.header.version, policy.num_entries) != ("PReg", 1, len(policy.entries)):
        wrong("not the header of a Registry.pol")
    for entry in policy.entries:
        yield entry.keyname, entry.valuename, {4: "REG_DWORD"}.get(entry.type, entry.type), entry.data


def gpp(path):
    import xml.etree.ElementTree as tree

    def walk(element, above):
        if element.tag not in GPP or above not in GPP_ABOVE[element.tag]:
            wrong(f"<{element.tag}> in {above}")
        if not set(element.attrib) <= GPP[element.tag]:
            wrong(f"{set(element.attrib) - GPP[element.tag]} of <{element.tag}>")
        if element.tag == "Properties":
            get = element.attrib
            if (get["action"], get["hive"], get["default"]) != ("U", "HKEY_LOCAL_MACHINE", "0"):
                wrong(f"not an update of a named value: {get}")
            yield get["key"], get["name"], get["type"], int(get["value"], 16)
        for child in element:
            yield from walk(child, element.tag)

    yield from walk(tree.parse(path).getroot(), None)


def ansible(path):
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    with open(path, encoding="ascii") as file:
        tasks = yaml.load(file, Loader)
    for task in tasks:
        options = task.pop("ansible.windows.win_regedit")
        if set(task) != {"name"} or not set(options) <= ANSIBLE or options["state"] != "present":
            wrong(f"not a task that sets a value: {task} {options}")
        root, key = options["path"].split(":\\", 1)
        if root != "HKLM" or type(options["data"]) is not int:
            wrong(f"not a number of HKLM: {options}")
        yield key, options["name"], {"dword": "REG_DWORD"}[options["type"]], options["data"]


def dsc3(path):
    """By the schemas that Microsoft DSC publishes for documents of v3 and for Microsoft.Windows/Registry."""
    import re

    import yaml

    with open(path, encoding="ascii") as file:
        document = yaml.safe_load(file)
    if set(document) != {"$schema", "resources"} or not document["$schema"].endswith("/v3/bundled/config/document.json"):
        wrong(f"not a document: {set(document)}")
    names = [resource["name"] for resource in document["resources"]]
    if len(names) != len(set(names)) or not all(re.fullmatch("[a-zA-Z0-9 ]+", name) for name in names):
        wrong(f"names: {names}")
    for resource in document["resources"]:
        properties = resource["properties"]
        if set(resource) != {"name", "type", "properties"} or resource["type"] != "Microsoft.Windows/Registry":
            wrong(f"not a resource: {resource}")
        if set(properties) != {"keyPath", "valueName", "valueData"} or len(properties["valueData"]) != 1:
            wrong(f"not a value that is set: {properties}")
        [(kind, data)] = properties["valueData"].items()
        root, key = properties["keyPath"].split("\\", 1)
        if root != "HKLM" or kind != "DWord" or type(data) is not int or not 0 <= data < 1 << 32:
            wrong(f"not a number of HKLM: {properties}")
        yield key, properties["valueName"], "REG_DWORD", data


def lgpo(path):
    with open(path, encoding="ascii", newline="") as file:
        lines = [line for line in file.read().split("\r\n") if not line.startswith(";")]
    blocks = [block.split("\n") for block in "\n".join(lines).strip("\n").split("\n\n")]
    for block in blocks:
        scope, key, name, action = block
        kind, data = action.split(":", 1)
        if scope != "Computer":
            wrong(scope)
        yield key, name, {"DWORD": "REG_DWORD"}[kind], int(data)


def powershell(path):
    import tree_sitter_powershell
    from tree_sitter import Language, Parser

    with open(path, "rb") as file:
        root = Parser(Language(tree_sitter_powershell.language())).parse(file.read()).root_node
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.type == "ERROR" or node.is_missing:
            wrong(f"line {node.start_point[0] + 1}: {node.type} {node.text[:60]!r}")
        nodes.extend(node.children)
    return []


for line in globals()[sys.argv[1]](sys.argv[2]):
    print(*line, sep="|")
