"""The code holds to its plan: who imports whom (CONTRIBUTING.md is the truth), headers, lengths, and where rules may live.

Nothing here builds or runs jwseal; every test reads source text. A failure names the file, and the cure is nearly always to
move the code, not the rule.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE, BINDING, PACKAGE = ROOT / "rust/core/src", ROOT / "rust/py/src", ROOT / "python/jwseal"
VERIFY_FAST = ROOT / "rust/verify_fast/src"
CRATES = [("rust/core", CORE), ("rust/verify_fast", VERIFY_FAST), ("rust/py", BINDING)]
LONGEST, LONGEST_TEST = 500, 700
# What jwseal.adapters adapt. Each of its modules imports its own.
FRAMEWORKS = {
    "aiohttp",
    "django",
    "fastapi",
    "fastmcp",
    "flask",
    "grpc",
    "litestar",
    "mcp",
    "quart",
    "rest_framework",
    "starlette",
}
# Reference text and not code: the one place where the native names are documented.
LENGTH_EXEMPT = {"python/jwseal/_native.pyi"}


def sources() -> Iterator[Path]:
    """Every Rust and Python file of the project."""
    for folder in (
        "rust/core",
        "rust/verify_fast",
        "rust/py",
        "rust/fuzz",
        "python",
        "tests",
        "benches",
        "examples",
        ".ci",
    ):
        for suffix in ("*.rs", "*.py", "*.pyi"):
            for path in sorted((ROOT / folder).rglob(suffix)):
                if not {"target", "__pycache__"} & set(path.relative_to(ROOT).parts):
                    yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_source = pytest.mark.parametrize("path", list(sources()), ids=name)
rust_sources = pytest.mark.parametrize("path", [p for p in sources() if p.suffix == ".rs"], ids=name)


def import_table(heading: str) -> dict[str, set[str]]:
    """The rows `| modules | may import |` under a heading of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    table: dict[str, set[str]] = {}
    for row in re.findall(r"^\|(.+)\|(.+)\|$", section, re.MULTILINE):
        modules, imports = (re.findall(r"`([\w.]+)`", cell) for cell in row)
        for module in modules:
            table[module] = set(imports)
    return table


def is_product(path: Path) -> bool:
    """Whether a Rust file is part of the product: no test, nor in a folder of tests."""
    return "tests" not in path.relative_to(ROOT / "rust").with_suffix("").parts


def product_code(path: Path) -> str:
    """A Rust file without comments and without the unit tests at its foot."""
    text = re.split(r"#\[cfg\(test\)\]\n(?:#\[.*\]\n)*(?:pub\S* )?mod \w+ \{", path.read_text(), maxsplit=1)[0]
    return re.sub(r"//.*", "", text)


def rust_imports(root: Path) -> list[tuple[str, str, str]]:
    """(file, module, imported module) for each `crate::` path of a crate."""
    found = []
    for path in sorted(root.rglob("*.rs")):
        relative = path.relative_to(root)
        module = relative.parts[0].removesuffix(".rs")
        if module != "lib" and is_product(path):
            grouped = re.findall(r"crate::\{([^}]*)\}", product_code(path))
            names = {part.split("::")[0].strip() for group in grouped for part in group.split(",")} - {""}
            names |= set(re.findall(r"\bcrate::(\w+)", product_code(path)))
            # A name in capitals is a type of the crate's root, which every module may use.
            modules = {imported for imported in names if imported.islower()}
            found += [(name(path), module, imported) for imported in sorted(modules - {module})]
    return found


USE = re.compile(r"^ *(pub(?:\([^)]*\))? )?use ([^;]+);", re.MULTILINE)
Module = tuple[str, ...]


def use_paths(tree: str) -> Iterator[list[str]]:
    """The paths of a `use` tree, its groups written out."""
    start, braces, members = tree.partition("{")
    if not braces:
        yield [name.split(" as ")[0].strip() for name in tree.split("::")]
        return
    depth, member = 0, ""
    for letter in members.rpartition("}")[0] + ",":
        depth += (letter == "{") - (letter == "}")
        if letter != "," or depth:
            member += letter
        elif member.strip():
            yield from use_paths(start + member)
            member = ""


class Modules:
    """The files of the core as modules, with the paths in them resolved."""

    def __init__(self) -> None:
        """Read every file but the crate's root and the tests."""
        self.code: dict[Module, str] = {}
        for path in CORE.rglob("*.rs"):
            parts = path.relative_to(CORE).with_suffix("").parts
            if "tests" not in parts and parts != ("lib",):
                self.code[parts[:-1] if parts[-1] == "mod" else parts] = product_code(path)

    def target(self, module: Module, path: list[str]) -> Module | None:
        """The module a path leads to from another, re-exports followed; None for another crate."""
        start = {"crate": (), "self": module, "super": module[:-1]}.get(path[0])
        names = path[1:]
        if start is None:
            start, names = module, path
            if (*module, path[0]) not in self.code:
                return None
        while names and names[0] == "super":
            start, names = start[:-1], names[1:]
        while names and (*start, names[0]) in self.code:
            start, names = (*start, names[0]), names[1:]
        for public, tree in USE.findall(self.code.get(start, "")) if names else []:
            for exported in use_paths(tree):
                if public and exported[-1] == names[0] and start != module:
                    return self.target(start, exported)
        return start or None

    def imports(self, module: Module) -> set[Module]:
        """The other modules a module needs. A name that it exports again and does not use is none of them."""
        code = USE.sub("", self.code[module])
        paths = [path.split("::") for path in re.findall(r"(?<![\w:])[a-z_]\w*(?:::\w+)+", code)]
        for public, tree in USE.findall(self.code[module]):
            paths += [path for path in use_paths(tree) if not public or re.search(rf"\b{path[-1]}\b", code)]
        return {found for path in paths if (found := self.target(module, path))} - {module}


def python_module(path: Path) -> str:
    """The unit of the import table a file belongs to: a module, a package, or one compatibility layer."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts[0] == "compat" and len(parts) > 2:
        return ".".join(parts[:2])
    return "compat" if parts[0] == "compat" else parts[0]


def python_imports(path: Path) -> Iterator[str]:
    """What a Python file imports when it runs, imports for annotations left out."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "jwseal":
                yield from (f"jwseal.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize(("heading", "root"), CRATES)
def test_rust_modules_import_what_the_table_allows(heading: str, root: Path) -> None:
    """A Rust module imports only those modules that its row in CONTRIBUTING.md names."""
    table = import_table(heading)
    wrong = [
        f"{file}: {module} -> {imported}"
        for file, module, imported in rust_imports(root)
        if imported not in table.get(module, set())
    ]
    assert wrong == []


def test_no_files_of_the_core_import_one_another_in_a_circle() -> None:
    """Imports between the files of the core run one way, so that each can be read after the files it needs."""
    modules = Modules()
    left = {module: modules.imports(module) for module in modules.code}
    assert left["jws", "compact"] >= {("jws",), ("jws", "detached"), ("jws", "unverified")}
    while free := {module for module, imports in left.items() if not imports & set(left)}:
        left = {module: imports for module, imports in left.items() if module not in free}
    assert sorted("/".join(module) for module in left) == []


def test_the_path_of_a_signature_is_four_calls() -> None:
    """From `Compact::verify` to the primitive there are the four calls that CONTRIBUTING.md lists, one after the other."""
    section = (ROOT / "CONTRIBUTING.md").read_text().split("| what it calls |", 1)[1].split("\n\n", 1)[0]
    steps = [re.findall(r"`([\w./:]+)`", row) for row in section.splitlines()[2:]]
    assert len(steps) == 4
    assert [calls for _, _, *calls in steps[:3]] == [[function] for _, function, *_ in steps[1:]]
    for file, function, *calls in steps:
        owner, name = function.split("::")
        body = re.search(
            rf"^impl(?:<'a>)? {owner}\b[^{{]*\{{.*?\bfn {name}\b(.*?)^    \}}$",
            product_code(CORE / file),
            re.MULTILINE | re.DOTALL,
        )
        assert body, function
        assert [call for call in calls if f"{call.split('::')[1]}(" not in body[1]] == []
    primitives = {call.split("::")[0] for call in steps[3][2:]}
    assert primitives == {"PublicKey", "Mac", "Tag", "Ed448PublicKey"}


@pytest.mark.parametrize(("heading", "root"), CRATES)
def test_the_table_lists_every_rust_module(heading: str, root: Path) -> None:
    """The table has one entry per module, no more and no fewer."""
    modules = {path.stem if path.is_file() else path.name for path in root.iterdir()} - {"lib", "tests"}
    assert set(import_table(heading)) == modules


def test_the_core_knows_no_python_and_no_outside_world() -> None:
    """The core has no PyO3, no clock, no files and no network."""
    wrong = [
        f"{name(path)}: {word}"
        for path in sorted(CORE.rglob("*.rs"))
        for word in ("pyo3", "std::fs", "std::net", "std::env", "SystemTime", "Instant::now", "println!")
        if word in product_code(path)
    ]
    assert wrong == []


def test_python_modules_import_what_the_table_allows() -> None:
    """A Python module imports, of jwseal and of installed packages, only what its row names."""
    table = import_table("python/jwseal")
    modules = set(table) | {"_native"}
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = python_module(path)
        allowed = table.get(module, set())
        for imported in python_imports(path):
            top, _, rest = imported.partition(".")
            if top in {"cryptography", "typer", "rich", "click", "yaml", "requests", "pytest", *FRAMEWORKS}:
                if top not in allowed:
                    wrong.append(f"{name(path)}: {module} -> {top}")
            elif top == "jwseal":
                target = imported_module(rest, modules)
                if target not in allowed | {module}:
                    wrong.append(f"{name(path)}: {module} -> {target}")
    assert wrong == []


ADAPTERS = sorted((PACKAGE / "adapters").glob("*.py"))


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_an_adapter_is_thin(path: Path) -> None:
    """An adapter has at most 150 lines, imports its own framework, and is a client of the public API."""
    belongs = {"fastapi": {"fastapi", "starlette"}, "rest_framework": {"rest_framework"}, "grpc_method": {"grpc"}}
    tops = {imported.partition(".")[0] for imported in python_imports(path)}
    assert tops & FRAMEWORKS == belongs.get(path.stem, {path.stem} & FRAMEWORKS)
    assert not any(imported.startswith("jwseal._") for imported in python_imports(path))
    if path.stem != "resource_server":
        assert len(path.read_text().splitlines()) <= 150


def imported_module(rest: str, modules: set[str]) -> str:
    """The table's name for `jwseal.<rest>`: a module, or `jwseal` for a name the package itself exports."""
    parts = rest.split(".")
    if parts[0] == "compat":
        return ".".join(parts[:2]) if ".".join(parts[:2]) in modules else "compat"
    return parts[0] if parts[0] in modules else "jwseal"


@every_source
def test_every_file_says_what_it_is(path: Path) -> None:
    """A file opens with a header, so that a reader knows what it is before its first line of code."""
    text = path.read_text()
    if path.suffix == ".rs":
        first = next((line for line in text.splitlines() if line and not line.startswith("#![")), "")
        assert first.startswith("//! "), name(path)
    else:
        assert ast.get_docstring(ast.parse(text)), name(path)


def test_every_test_says_its_rule() -> None:
    """A test opens with a sentence: the rule that it is about, or the situation."""
    without = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                without += [] if ast.get_docstring(node) else [f"{name(path)}: {node.name}"]
    assert without == []


@every_source
def test_no_file_is_too_long(path: Path) -> None:
    """At most 500 lines, tests 700: a longer file holds two subjects."""
    is_test = "tests" in path.relative_to(ROOT).parts or path.stem == "tests"
    if name(path) not in LENGTH_EXEMPT:
        assert len(path.read_text().splitlines()) <= (LONGEST_TEST if is_test else LONGEST)


@every_source
def test_no_file_is_named_for_nothing(path: Path) -> None:
    """Files are named for what they hold; the compatibility layers keep the names of what they stand for."""
    if "compat" not in path.parts:
        assert path.stem not in {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base"}


@every_source
def test_nothing_is_left_undone_in_a_comment(path: Path) -> None:
    """Work that is left goes to the tracker, and no source names a machine's own folders."""
    if path != Path(__file__):
        found = re.findall(r"\b(TODO|FIXME|XXX|HACK)\b|(/r[o]ot/|/home/\w|/Users/\w)", path.read_text())
        assert found == []


def test_the_core_forbids_unsafe() -> None:
    """The core's crate root forbids unsafe code."""
    assert "#![forbid(unsafe_code)]" in (CORE / "lib.rs").read_text()


def test_only_the_seam_reaches_verify_fast() -> None:
    """Our own arithmetic takes variable time, so one file alone calls it. Only what verifies uses that file, and HMAC its switch."""
    naming = {
        path.relative_to(CORE).as_posix() for path in CORE.rglob("*.rs") if "jwseal_verify_fast" in path.read_text()
    }
    assert naming == {"crypto/verify_fast.rs"}
    paths = [path for path in CORE.rglob("*.rs") if path.stem != "tests"]
    using = {path.name for path in paths if re.search(r"\bverify_fast::", product_code(path))}
    assert using == {"hmac.rs", "mod.rs", "prepared.rs"}
    assert "verify_fast::is_backend_alone;" in (CORE / "crypto/hmac.rs").read_text()


def test_verify_fast_knows_nothing_secret() -> None:
    """`verify_fast` forbids unsafe code, does not depend on the core, and names nothing that signs or holds a private key."""
    assert "#![forbid(unsafe_code)]" in (VERIFY_FAST / "lib.rs").read_text()
    assert "jwseal-core" not in (VERIFY_FAST.parent / "Cargo.toml").read_text()
    sources = {path: product_code(path) for path in VERIFY_FAST.rglob("*.rs") if is_product(path)}
    assert [
        name(path) for path, code in sources.items() if re.search(r"KeyPair|[Ss]igning|[Pp]rivate|zeroize", code)
    ] == []


def test_vector_instructions_have_two_users() -> None:
    """AVX2 is entered for RSA and for the ring of ML-DSA, through `fearless_simd`, which `processor.rs` asks for it."""
    paths = [*CORE.rglob("*.rs"), *VERIFY_FAST.rglob("*.rs")]
    naming = {path.parent.name for path in paths if "fearless_simd" in product_code(path)}
    detecting = [name(path) for path in paths if 'is_x86_feature_detected!("avx2")' in product_code(path)]
    assert (naming, detecting) == ({"ring", "rsa", "src"}, [])


@rust_sources
def test_unsafe_gives_its_reason(path: Path) -> None:
    """Outside the core, a SAFETY comment stands right above each unsafe block."""
    lines = path.read_text().splitlines()
    bare = [
        number + 1
        for number, line in enumerate(lines)
        if re.search(r"\bunsafe\s*(\{|impl|fn|extern)", re.sub(r"//.*", "", line))
        and not any("SAFETY:" in above for above in lines[max(0, number - 6) : number + 1])
    ]
    assert bare == []


@rust_sources
def test_only_the_table_and_crypto_tell_algorithms_apart(path: Path) -> None:
    """A match on an algorithm outside `jwa` and `crypto` would be a second table."""
    inside = path.relative_to(ROOT).parts
    if inside[0] != "rust" or "crypto" in inside or path.name in {"jwa.rs", "tests.rs"}:
        return
    text = product_code(path)
    arms = re.findall(r"\bAlg::[A-Z]\w*\s*(?:=>|\|)", text)
    comparisons = re.findall(r"[!=]=\s*Alg::[A-Z]\w*|matches!\([^)]*\bAlg::[A-Z]\w*", text)
    assert arms + comparisons == []


def test_mapping_errors_has_no_wildcard() -> None:
    """A new variant of the core's error must not compile until the binding has given it a class."""
    assert re.findall(r"^\s*_\s*(?:if .*)?=>", product_code(BINDING / "error.rs"), re.MULTILINE) == []


def test_every_public_module_of_the_package_has_a_page() -> None:
    """Each name that users import is listed in the documentation's navigation or on the page of the reference."""
    pages = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    public = [path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")]
    missing = [module for module in public if f"jwseal.{module}" not in pages]
    assert missing == []
