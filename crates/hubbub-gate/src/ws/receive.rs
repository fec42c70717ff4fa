//! Reading what a WebSocket's peer has sent: the same for all that is spoken over one.

use hubbub_ws::{Decoder, Error, Incoming};

use crate::session::{Close, Cx};

/// Gives every message in `input`, and the fault that ends it if there is one, to `take`, until that says that it is over.
///
/// # Errors
/// What `take` says.
pub(crate) fn receive(
    decoder: &mut Decoder,
    mut input: &mut [u8],
    cx: &mut Cx<'_>,
    mut take: impl FnMut(Result<Incoming<'_>, Error>, &mut Cx<'_>) -> Result<(), Close>,
) -> Result<(), Close> {
    let mut inflater = std::mem::take(&mut cx.coder.inflater);
    let result = loop {
        let step = match decoder.next(&mut input, &mut inflater) {
            Ok(None) => break Ok(()),
            Ok(Some(incoming)) => take(Ok(incoming), cx),
            Err(error) => take(Err(error), cx),
        };
        if step.is_err() {
            break step;
        }
    };
    cx.coder.inflater = inflater;
    result
}
