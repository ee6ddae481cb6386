//! Medians, percentiles and how they are written.

/// The value below which `share` (0 to 1) of the values lie; NaN of none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = (share * last as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied();
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied();
    upper
        .zip(lower)
        .map_or(f64::NAN, |(a, b)| f64::midpoint(a, b))
}

/// `median (min–max)`, with so many decimals.
pub(crate) fn spread(values: &[f64], decimals: usize) -> String {
    format!(
        "{:.decimals$} ({:.decimals$}–{:.decimals$})",
        median(values),
        percentile(values, 0.0),
        percentile(values, 1.0)
    )
}

/// Each value of `ours` divided by that of the same round of `theirs`.
pub(crate) fn pairwise(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(a, b)| a / b).collect()
}

/// The values of the half of the rounds in which others used the least of the machine.
pub(crate) fn quietest_half(values: &[f64], noise: &[f64]) -> Vec<f64> {
    let mut rounds: Vec<usize> = (0..values.len()).collect();
    rounds.sort_by(|a, b| noise[*a].total_cmp(&noise[*b]));
    rounds.truncate(values.len().div_ceil(2));
    rounds.into_iter().map(|round| values[round]).collect()
}
