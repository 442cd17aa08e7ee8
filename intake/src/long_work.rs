//! Work on a request that takes long because its body is large: on another thread, and not too much at once.
//!
//! A thread that serves many senders must not be kept busy by one of them. Each receiver counts for itself,
//! so the senders of one source cannot hold up those of another.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// A body of so many bytes is parsed and hashed in less than a millisecond.
const QUICK: usize = 64 * 1024;

/// The long work of one receiver.
pub(crate) struct LongWork(Arc<Semaphore>);

impl LongWork {
    /// Lets as many run at once as there are processors.
    pub(crate) fn new() -> LongWork {
        LongWork(Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))))
    }

    /// Does `work` on a body of `bytes` bytes. If it is long, it waits for its turn, and if the caller has
    /// gone by then, it is not done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if bytes <= QUICK {
            return work();
        }
        // Never closed; and the work counts as long as it runs, also if nobody waits for it any more.
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let done = spawn_blocking(move || {
            let value = work();
            drop(turn);
            value
        });
        // Only a runtime that ends takes the work back, and it takes this task with it.
        done.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn work_whose_caller_has_gone_before_its_turn_is_not_done() {
        let long_work = LongWork(Arc::new(Semaphore::new(1)));
        let (end, ended) = channel::<()>();
        let (done, told) = channel();
        let note = |number| {
            let done = done.clone();
            move || done.send(number).unwrap()
        };
        {
            let holds = long_work.run(QUICK + 1, move || ended.recv().unwrap());
            let waits = long_work.run(QUICK + 1, note(1));
            tokio::select! {
                biased;
                () = holds => panic!("nobody has ended it"),
                () = waits => panic!("the turn is taken"),
                () = long_work.run(QUICK, note(2)) => {}
            }
        }
        end.send(()).unwrap();
        long_work.run(QUICK + 1, note(3)).await;
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [2, 3]);
    }
}
