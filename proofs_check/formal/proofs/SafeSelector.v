(* Safe CWMP, with the project's exact rules, over any arithmetic: every layer is owed num/den of what Top-K keeps of it. *)
From Coq Require Import List Bool Arith.
From CWMP Require Export Arithmetic Selectors.
Import ListNotations.

Section Safe.
  Context {T : Type} (A : arithmetic T).
  Variables (I : instance T) (layer : nat -> nat) (layers : nat) (num den : T).
  Let T_lt (x y : T) : bool := negb (leb A y x).

  Definition inside (l : nat) (k : list nat) : list nat := filter (fun i => Nat.eqb (layer i) l) k.
  Definition top_of (l : nat) : list nat := inside l (top_k A I).
  (* What is owed, times den. *)
  Definition owed (l : nat) : T := mul A num (total A (p I) (top_of l)).

  (* Items in order until their score, times den, reaches what is needed. *)
  Fixpoint reaching (need : T) (k : list nat) : list nat :=
    match k with
    | [] => []
    | i :: r => if leb A need (zero A) then [] else i :: reaching (sub A need (mul A den (p I i))) r
    end.
  Definition reserve (l : nat) : list nat := reaching (owed l) (inside l (by_density A I)).
  Definition costs (k : list nat) : T := total A (c I) k.

  (* All reserves if they fit together; else of each layer what Top-K keeps of it where that is cheaper. *)
  Definition reserves : list nat := flat_map reserve (seq 0 layers).
  Definition cheaper (l : nat) : list nat := if T_lt (costs (top_of l)) (costs (reserve l)) then top_of l else reserve l.
  Definition kept_first : list nat :=
    let k := reserves in if leb A (costs k) (B I) then k else flat_map cheaper (seq 0 layers).

  (* Then the others by density, while the budget lasts. *)
  Definition others : list nat := let k := kept_first in filter (fun i => negb (existsb (Nat.eqb i) k)) (by_density A I).
  Definition left_over : T := sub A (B I) (costs kept_first).
  Definition safe_prefix : list nat := kept_first ++ prefix A (c I) left_over others.
  Definition safe_fill : list nat := kept_first ++ fill A (c I) left_over others.
  Definition safe_best_of : list nat :=
    if T_lt (total A (p I) safe_fill) (total A (p I) (top_k A I)) then top_k A I else safe_fill.
  Definition safe_critical : option nat := critical A (c I) left_over others.
End Safe.
