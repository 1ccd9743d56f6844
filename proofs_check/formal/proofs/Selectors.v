(* The selectors, with the project's exact rules, over any arithmetic. A selector returns the indices it keeps. *)
From Coq Require Import List Bool Arith.
From CWMP Require Import Arithmetic.
Import ListNotations.

(* d coordinates; p i >= 0 is what keeping i retains, c i > 0 the joules it costs; B joules may be spent. *)
Record instance (T : Type) := Instance { d : nat; p : nat -> T; c : nat -> T; B : T }.
Arguments Instance {T}.
Arguments d {T}.
Arguments p {T}.
Arguments c {T}.
Arguments B {T}.

Definition indices {T} (I : instance T) : list nat := seq 0 (d I).

(* A stable sort: of two items neither of which must come first, the one of the lower index does. *)
Fixpoint insert (first : nat -> nat -> bool) (i : nat) (l : list nat) : list nat :=
  match l with
  | [] => [i]
  | j :: r => if first i j then i :: l else j :: insert first i r
  end.
Definition sort (first : nat -> nat -> bool) (l : list nat) : list nat := fold_right (insert first) [] l.

Section Selectors.
  Context {T : Type} (A : arithmetic T).
  Let T_lt (x y : T) : bool := negb (leb A y x).

  Fixpoint total (f : nat -> T) (l : list nat) : T :=
    match l with [] => zero A | i :: r => add A (f i) (total f r) end.

  (* Items dearer than the whole budget and items of zero score are left out before ordering. *)
  Definition eligible (I : instance T) : list nat :=
    filter (fun i => T_lt (zero A) (p I i) && leb A (c I i) (B I)) (indices I).

  (* p_i/c_i >= p_j/c_j, and p_i >= p_j *)
  Definition denser (I : instance T) (i j : nat) : bool := leb A (mul A (p I j) (c I i)) (mul A (p I i) (c I j)).
  Definition larger (I : instance T) (i j : nat) : bool := leb A (p I j) (p I i).
  Definition by_density (I : instance T) : list nat := sort (denser I) (eligible I).
  Definition by_score (I : instance T) : list nat := sort (larger I) (eligible I).

  (* Items in order until the first that does not fit into the room, which is the critical item. *)
  Fixpoint prefix (cost : nat -> T) (room : T) (l : list nat) : list nat :=
    match l with
    | [] => []
    | i :: r => if leb A (cost i) room then i :: prefix cost (sub A room (cost i)) r else []
    end.
  Fixpoint critical (cost : nat -> T) (room : T) (l : list nat) : option nat :=
    match l with
    | [] => None
    | i :: r => if leb A (cost i) room then critical cost (sub A room (cost i)) r else Some i
    end.
  (* Skip what does not fit, keep later items that do. *)
  Fixpoint fill (cost : nat -> T) (room : T) (l : list nat) : list nat :=
    match l with
    | [] => []
    | i :: r => if leb A (cost i) room then i :: fill cost (sub A room (cost i)) r else fill cost room r
    end.
  (* The better of fill and the best single item, lowest index first; fill where they are equal. *)
  Definition best_of (I : instance T) (order : list nat) : list nat :=
    let filled := fill (c I) (B I) order in
    match by_score I with
    | [] => filled
    | best :: _ => if T_lt (total (p I) filled) (p I best) then [best] else filled
    end.

  Definition cwmp (I : instance T) : list nat := prefix (c I) (B I) (by_density I).
  Definition cwmp_fill (I : instance T) : list nat := fill (c I) (B I) (by_density I).
  Definition cwmp_best_of (I : instance T) : list nat := best_of I (by_density I).
  Definition critical_item (I : instance T) : option nat := critical (c I) (B I) (by_density I).
  Definition top_k (I : instance T) : list nat := prefix (c I) (B I) (by_score I).
  Definition top_k_fill (I : instance T) : list nat := fill (c I) (B I) (by_score I).
  Definition top_k_best_of (I : instance T) : list nat := best_of I (by_score I).
End Selectors.
