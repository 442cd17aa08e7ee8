"""The reader of imports, on small crates that are made up."""

import tempfile
import unittest
from pathlib import Path

from imports import Crate, without_comments


def circles(files, of=Crate.circles):
    """The circles of a crate with these files, each as the set of its arrows."""
    with tempfile.TemporaryDirectory() as folder:
        for name, code in files.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(code)
        return [set(circle) for circle in of(Crate(folder))]


class TestImports(unittest.TestCase):
    def test_imports_that_run_one_way_are_no_circle(self):
        self.assertEqual(circles({
            "lib.rs": "mod a; mod b; pub use a::A; pub use b::B;",
            "a.rs": "use crate::b::B; pub struct A(B);",
            "b.rs": "pub struct B;",
        }), [])

    def test_a_circle_is_told_by_its_files_and_names(self):
        self.assertEqual(circles({
            "a.rs": "use crate::b::{B, c::{C as D}};",
            "b.rs": "use crate::a::A;",
        }), [{"a.rs -> b.rs: B, c", "b.rs -> a.rs: A"}])

    def test_a_circle_of_three_is_found(self):
        self.assertEqual(circles({
            "a.rs": "use crate::b::B;", "b.rs": "use crate::c::C;", "c.rs": "use crate::a::A;",
        }), [{"a.rs -> b.rs: B", "b.rs -> c.rs: C", "c.rs -> a.rs: A"}])

    def test_a_re_export_counts_for_the_file_that_makes_it(self):
        by_lib = {"lib.rs": "pub use a::A;", "a.rs": "use crate::B;", "b.rs": ""}
        self.assertEqual(circles({**by_lib, "lib.rs": "mod a; mod b; pub use a::A; pub use b::B;"}),
                         [{"lib.rs -> a.rs: A", "a.rs -> lib.rs: B"}])
        self.assertEqual(circles({
            "page/mod.rs": "mod one; mod two; pub use one::One; pub use two::Two;",
            "page/one.rs": "use super::Two;",
            "page/two.rs": "",
        }), [{"page/mod.rs -> page/one.rs: One", "page/one.rs -> page/mod.rs: Two"}])

    def test_a_sibling_is_not_its_parent(self):
        self.assertEqual(circles({
            "page/mod.rs": "mod one; mod two; pub use one::One;",
            "page/one.rs": "use super::two::Two;",
            "page/two.rs": "use super::super::other::Other; use self::here::X;",
            "other.rs": "",
        }), [])

    def test_a_path_in_the_code_counts_like_an_import(self):
        self.assertEqual(circles({
            "a.rs": "fn f() -> crate::b::B { super::b::make() }",
            "b.rs": "fn g() { if x { crate :: a :: f(); } }",
        }), [{"a.rs -> b.rs: B, make", "b.rs -> a.rs: f"}])

    def test_a_module_without_a_file_is_part_of_its_file(self):
        self.assertEqual(circles({"a.rs": "mod inner { use crate::a::X; }  use self::inner::Y;"}), [])

    def test_tests_are_left_out(self):
        self.assertEqual(circles({
            "a.rs": "use crate::b::B;",
            "b.rs": """
                #[cfg(test)] mod tests { use crate::a::A; fn f() -> [u8; 3] { { } } }
                #[cfg(test)] mod more;
                #[cfg(all(test, unix))] fn g() -> [u8; 3] { crate::a::f(); }
                #[cfg(test)] use crate::a::{A, B};
                pub struct B;
            """,
            "b/tests.rs": "use crate::a::A;",
            "b/tests/deep.rs": "use crate::a::A;",
        }), [])

    def test_what_follows_a_test_is_read(self):
        self.assertEqual(circles({
            "a.rs": "use crate::b::B;",
            "b.rs": "#[cfg(test)] fn f() -> [u8; 3] { [0; 3] } use crate::a::A;",
        }), [{"a.rs -> b.rs: B", "b.rs -> a.rs: A"}])

    def test_text_is_no_code(self):
        for text in (
            "// use crate::a::A;",
            "/* use crate::a::A; */",
            '"use crate::a::A;"',
            r'"\" use crate::a::A;"',
            'r"use crate::a::A;"',
            'r#"use "crate::a::A";"#',
            'b"use crate::a::A;"',
            'br##"use crate::a::A;"#; "##',
        ):
            self.assertEqual(circles({"a.rs": "use crate::b::B;", "b.rs": f"const X: T = {text}\n;"}), [], text)

    def test_code_that_looks_like_text_is_code(self):
        for before in (
            "const QUOTE: char = '\"';",
            "const QUOTE: char = '\\'';",
            "const BYTE: u8 = b'\"';",
            "fn f<'a, 'b>(x: &'a str) -> &'b str {}",
            "fn f<'a>(x: &'a str, y: char) { y == 'a' }",
            'const URL: &str = "https://vendor.example";',
            'const OPENED: &str = "/*";',
            "// It's a comment with one quote.\n",
            "const ESCAPE: char = '\\u{1F600}';",
        ):
            found = circles({"a.rs": "use crate::b::B;", "b.rs": f"{before} use crate::a::A;"})
            self.assertEqual(found, [{"a.rs -> b.rs: B", "b.rs -> a.rs: A"}], before)

    def test_folders_that_import_each_other_are_found_though_no_file_does(self):
        files = {
            "lib.rs": "mod read; mod told; pub use read::json::J;",
            "read/mod.rs": "pub mod json; pub mod part;", "read/json.rs": "use crate::told::denied::D;", "read/part.rs": "",
            "told/mod.rs": "pub mod denied;", "told/denied.rs": "use crate::read::part::P;",
        }
        self.assertEqual(circles(files), [])
        self.assertEqual(circles(files, Crate.circles_of_siblings),
                         [{"read/json.rs -> told/denied.rs", "told/denied.rs -> read/part.rs"}])

    def test_a_circle_of_three_siblings_deep_in_a_crate_is_found(self):
        self.assertEqual(circles({
            "a/one/x.rs": "use crate::a::two::y::Y;", "a/two/y.rs": "use crate::a::three::T;", "a/two/z.rs": "",
            "a/two/mod.rs": "", "a/one/mod.rs": "", "a/three.rs": "use super::one::w::W;", "a/one/w.rs": "", "a/mod.rs": "",
        }, Crate.circles_of_siblings), [{
            "a/one/x.rs -> a/two/y.rs", "a/two/y.rs -> a/three.rs", "a/three.rs -> a/one/w.rs",
        }])

    def test_what_a_door_takes_counts_for_its_folder(self):
        files = {"a/mod.rs": "mod x; use crate::b::B;", "a/x.rs": "", "b.rs": "use crate::a::x::X;"}
        self.assertEqual(circles(files), [])
        self.assertEqual(circles(files, Crate.circles_of_siblings), [{"a/mod.rs -> b.rs", "b.rs -> a/x.rs"}])

    def test_a_door_may_call_its_children(self):
        self.assertEqual(circles({
            "lib.rs": "mod a; mod b; use a::x::go; pub use b::B;", "a/mod.rs": "mod x; pub struct A; fn f() { x::go(); }",
            "a/x.rs": "", "a/y.rs": "use super::A;", "b.rs": "use crate::a::A;",
        }, Crate.circles_of_siblings), [])

    def test_a_binary_names_its_library_from_outside(self):
        self.assertEqual(circles({
            "lib.rs": "mod a; pub use a::A;", "main.rs": "use the_crate::A;", "a.rs": "",
        }), [])

    def test_comments_go_and_strings_stay(self):
        self.assertEqual(without_comments('let x = "// y"; // z').strip(), 'let x = "// y";')


if __name__ == "__main__":
    unittest.main()
