//! A moment relative to now: `now`, `now-5m`, `now+30s`.

/// Seconds from now; negative before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Instant(pub(super) f64);

/// The letters of a span and their seconds.
const UNITS: [(char, f64); 4] = [('s', 1.0), ('m', 60.0), ('h', 3_600.0), ('d', 86_400.0)];

/// Digits of a span: more than a lifetime in seconds.
const MOST_DIGITS: usize = 10;

impl Instant {
    /// Reads a moment.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        Self::read(text)
            .ok_or("must be \"now\", or \"now\" with a span such as \"now-5m\" or \"now+30s\" (s, m, h or d)")
    }

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("now")?;
        if rest.is_empty() {
            return Some(Self(0.0));
        }
        let (sign, span) = match rest.strip_prefix('-') {
            Some(span) => (-1.0, span),
            None => (1.0, rest.strip_prefix('+')?),
        };
        let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| span.ends_with(*unit))?;
        let digits = span.strip_suffix(unit)?;
        let sound = (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
        let count: f64 = if sound { digits.parse().ok()? } else { return None };
        Some(Self(sign * count * seconds))
    }
}
