(* The selector by page, with the project's exact rules, over any arithmetic: item i lies on page i, page j costs f j
   beside its items. *)
From Coq Require Import List Bool Arith.
From CWMP Require Export Arithmetic Selectors.
Import ListNotations.

Section Paged.
  Context {T : Type} (A : arithmetic T).
  Variables (I : instance T) (pages : nat) (page : nat -> nat) (f : nat -> T).

  (* Items of zero score are left out, and those that the budget does not pay for together with their page. *)
  Definition payable : list nat :=
    filter (fun i => negb (leb A (p I i) (zero A)) && leb A (c I i) (sub A (B I) (f (page i)))) (indices I).
  Definition lying (j : nat) (l : list nat) : list nat := filter (fun i => Nat.eqb (page i) j) l.
  Definition ranked (j : nat) : list nat := sort (denser A I) (lying j payable).

  (* Items by p/c as long as each is worth more per joule than all before it and the page together: score s, cost x. *)
  Fixpoint grown (s x : T) (l : list nat) : list nat :=
    match l with
    | [] => []
    | i :: r => if leb A (mul A (p I i) x) (mul A s (c I i)) then [] else i :: grown (add A s (p I i)) (add A x (c I i)) r
    end.
  Definition block (j : nat) : list nat := grown (zero A) (f j) (ranked j).

  (* Entry i is item i by itself, entry d + j the block of page j. *)
  Definition members (e : nat) : list nat := if Nat.ltb e (d I) then [e] else block (e - d I).
  Definition fee (e : nat) : T := if Nat.ltb e (d I) then zero A else f (e - d I).
  Definition worth (e : nat) : T := total A (p I) (members e).
  Definition costing (e : nat) : T := add A (fee e) (total A (c I) (members e)).

  (* Of every page its block, if it has one, and its other items; then all by score per cost, the first of equals first. *)
  Definition entries_of (j : nat) : list nat :=
    let k := block j in
    match k with [] => [] | _ => [d I + j] end ++ filter (fun i => negb (existsb (Nat.eqb i) k)) (lying j payable).
  Definition before (e e' : nat) : bool := leb A (mul A (worth e') (costing e)) (mul A (worth e) (costing e')).
  Definition entries : list nat := sort before (flat_map entries_of (seq 0 pages)).

  Definition fitting : list nat := prefix A costing (B I) entries.
  Definition by_pages : list nat := flat_map members fitting.
  (* The block or item that does not fit. *)
  Definition critical_entry : option nat := critical A costing (B I) entries.
End Paged.
