// GitHub's bpe-openai behind token_bench's protocol.
use std::io::BufRead;
use std::time::Instant;

fn main() {
    let tokenizer = bpe_openai::o200k_base();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (command, argument) = line.split_once(' ').expect("two words");
        if command == "fresh" {
            println!("0 0");
            continue;
        }
        let text = std::fs::read_to_string(argument).expect("a text");
        let begin = Instant::now();
        let tokens = tokenizer.count(&text);
        println!("{} {}", tokens, begin.elapsed().as_secs_f64());
    }
}
