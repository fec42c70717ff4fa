//! `/metrics`: what the workers count, in the text format of OpenMetrics.

use std::fmt;
use std::sync::Arc;

use hubbub_worker::Counters;
use hubbub_worker::counters::Kind;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// The format's media type.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All counters, by worker.
pub(crate) fn text(counters: &[Arc<Counters>]) -> String {
    let mut registry = Registry::with_prefix("hubbub");
    registry.register_collector(Box::new(Workers(counters.to_vec())));
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = text::encode(&mut out, &registry);
    out
}

#[derive(Debug)]
struct Workers(Vec<Arc<Counters>>);

impl Collector for Workers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, kind, read) in Counters::ALL {
            let help = help.trim().trim_end_matches('.');
            let metric_type = match kind {
                Kind::Counter => ConstCounter::new(0u64).metric_type(),
                Kind::Gauge => ConstGauge::new(0i64).metric_type(),
            };
            let mut family = encoder.encode_descriptor(name, help, None, metric_type)?;
            for (worker, counters) in self.0.iter().enumerate() {
                let labels = [("worker", worker.to_string())];
                let one = family.encode_family(&labels)?;
                match kind {
                    Kind::Counter => ConstCounter::new(read(counters)).encode(one)?,
                    Kind::Gauge => {
                        ConstGauge::new(i64::try_from(read(counters)).unwrap_or(i64::MAX)).encode(one)?
                    }
                }
            }
        }
        Ok(())
    }
}
