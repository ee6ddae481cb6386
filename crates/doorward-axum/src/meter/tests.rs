use super::*;

#[test]
fn requests_are_counted_by_pattern_and_made_up_ones_together() {
    let patterns = ["/users/{id}", "/users/me", "/users/{name}"];
    let meter = HttpMeter::new(patterns.map(str::to_owned));
    let took = Duration::from_millis(2);
    for number in 0..100 {
        let method = Method::from_bytes(format!("X{number}").as_bytes()).unwrap();
        let (path, status) = (format!("/users/{number}"), StatusCode::NOT_FOUND);
        meter.count(&path, &Method::GET, StatusCode::OK, took);
        meter.count(&format!("/{number}"), &method, status, took);
    }
    let last = StatusCode::from_u16(999).unwrap();
    meter.count("/users/me", &Method::GET, last, took);
    let read: Vec<_> = meter
        .read()
        .map(|r| {
            (
                r.route,
                r.method,
                r.classes[1].1,
                r.classes[3].1,
                r.took.count(),
            )
        })
        .collect();
    let expected = [
        ("/users/{id}", "GET", 100, 0, 100),
        ("/users/me", "GET", 0, 0, 1),
        (UNMATCHED, "other", 0, 100, 100),
    ];
    assert_eq!(read, expected);
}

#[test]
fn what_several_threads_count_adds_up() {
    let meter = HttpMeter::new(["/a".to_owned()]);
    std::thread::scope(|scope| {
        for _ in 0..3 * LANES {
            scope.spawn(|| {
                meter.count("/a", &Method::GET, StatusCode::OK, Duration::ZERO);
            });
        }
    });
    let read: Vec<_> = meter.read().collect();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].classes[1], ("2xx", 3 * LANES as u64));
    assert_eq!(read[0].took.counts[0], 3 * LANES as u64);
}
