//! `/metrics`: what the workers count, in the text format of OpenMetrics.

use std::fmt;
use std::sync::Arc;

use hubbub_worker::Counters;
use hubbub_worker::counters::Kind;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// The format's media type.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One number that somebody beside the workers counts.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What it is called, without the common prefix.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// Of what: a label and its value.
    pub label: (&'static str, String),
    /// The number.
    pub value: u64,
}

/// Takes all such readings; those of one name in a row.
pub type Readings = Arc<dyn Fn() -> Vec<Reading> + Send + Sync>;

/// All counters, by worker, and then what others count.
pub(crate) fn text(counters: &[Arc<Counters>], readings: Vec<Reading>) -> String {
    let mut registry = Registry::with_prefix("hubbub");
    registry.register_collector(Box::new(Workers(counters.to_vec())));
    registry.register_collector(Box::new(Others(readings)));
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
            let mut family = encoder.encode_descriptor(name, sentence(help), None, metric_type(*kind))?;
            for (worker, counters) in self.0.iter().enumerate() {
                let labels = [("worker", worker.to_string())];
                value(*kind, read(counters), family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Others(Vec<Reading>);

impl Collector for Others {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.chunk_by(|one, next| one.name == next.name) {
            let Reading { name, help, kind, .. } = &family[0];
            let mut encoded = encoder.encode_descriptor(name, sentence(help), None, metric_type(*kind))?;
            for reading in family {
                let labels = [(reading.label.0, reading.label.1.as_str())];
                value(*kind, reading.value, encoded.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// The encoder puts the full stop.
fn sentence(help: &str) -> &str {
    help.trim().trim_end_matches('.')
}

fn metric_type(kind: Kind) -> MetricType {
    match kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
    }
}

fn value(kind: Kind, value: u64, encoder: MetricEncoder<'_>) -> fmt::Result {
    match kind {
        Kind::Counter => ConstCounter::new(value).encode(encoder),
        Kind::Gauge => ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(encoder),
    }
}
