//! Names and lists as a repr shows them: bounded, however long they are.

/// A name for a repr, which a hostile key set or token must not be able to make long.
pub(crate) fn shortened(name: &str) -> String {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The first items for a repr, and the number of the others.
pub(crate) fn listed(mut items: impl ExactSizeIterator<Item = String>) -> String {
    const MOST: usize = 4;
    let mut shown: Vec<String> = items.by_ref().take(MOST).collect();
    if items.len() > 0 {
        shown.push(format!("... and {} more", items.len()));
    }
    shown.join(", ")
}
