//! The quotes of CSV.

use std::{cell::RefCell, collections::VecDeque, io::Read, rc::Rc};

/// Goes along with the bytes of CSV for what the reader of records lets pass: a quote that is not closed, which makes one
/// cell of all that comes behind it, and text behind a quote that ends a cell.
pub(super) struct Quotes {
    delimiter: u8,
    state: Quote,
    line: u64,
    /// How many bytes have gone by.
    at: u64,
    /// Where text stood behind a closing quote, in records that are not read yet.
    wrong: VecDeque<u64>,
}

#[derive(Clone, Copy)]
enum Quote {
    /// A cell begins here.
    Start,
    /// In a cell without quotes, where they stand for themselves.
    Plain,
    /// In quotes that began in this line.
    Open(u64),
    /// Behind a quote that ends the cell, or is the first of two that stand for one.
    Closed(u64),
}

impl Quotes {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: Quote::Start,
            line: 1,
            at: 0,
            wrong: VecDeque::new(),
        }
    }

    fn pass(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (Quote::Open(line), b'"') => Quote::Closed(line),
            (Quote::Open(line), _) | (Quote::Closed(line), b'"') => Quote::Open(line),
            (Quote::Start, b'"') => Quote::Open(self.line),
            (_, b'\n' | b'\r') => Quote::Start,
            (_, byte) if byte == self.delimiter => Quote::Start,
            (Quote::Closed(_), _) => {
                self.wrong.push_back(self.at);
                Quote::Plain
            }
            (Quote::Start | Quote::Plain, _) => Quote::Plain,
        };
        self.at += 1;
        self.line += u64::from(byte == b'\n');
    }

    /// The line where quotes began that are open.
    fn open(&self) -> Option<u64> {
        match self.state {
            Quote::Open(line) => Some(line),
            Quote::Start | Quote::Plain | Quote::Closed(_) => None,
        }
    }

    /// Whether the record that ends here has text behind a closing quote; each record is asked for once, in order.
    pub(super) fn torn(&mut self, end: u64) -> bool {
        let mut torn = false;
        while self.wrong.pop_front_if(|at| *at < end).is_some() {
            torn = true;
        }
        torn
    }
}

/// A reader whose quotes are minded.
pub(super) struct Minded<R> {
    pub(super) inner: R,
    pub(super) quotes: Rc<RefCell<Quotes>>,
}

impl<R: Read> Read for Minded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut quotes = self.quotes.borrow_mut();
        let unclosed = |line: u64| format!("the quote that begins in line {line} is not closed");
        let count = self
            .inner
            .read(buffer)
            .map_err(|error| match quotes.open() {
                Some(line) => {
                    std::io::Error::new(error.kind(), format!("{error}; {}", unclosed(line)))
                }
                None => error,
            })?;
        if count == 0
            && let Some(line) = quotes.open()
        {
            return Err(std::io::Error::other(unclosed(line)));
        }
        for byte in buffer.iter().take(count) {
            quotes.pass(*byte);
        }
        Ok(count)
    }
}
