//! The docstrings of the native classes and functions: their text is that of `_native.pyi`.

/// The docstring of a class, `Class.method` or function, as `build.rs` found it in the stub file.
macro_rules! doc {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name))
    };
}
