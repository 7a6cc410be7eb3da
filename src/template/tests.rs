use super::*;

#[test]
fn every_sample_can_be_worded_for_every_audience() {
    let faults = Templates::embedded().check();
    assert!(
        faults.is_empty(),
        "{}",
        faults
            .iter()
            .map(|f| f.to_string() + "\n")
            .collect::<String>()
    );
}
