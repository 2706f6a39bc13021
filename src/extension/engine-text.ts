import * as vscode from 'vscode';
import { engineTranslator } from '../core/english.ts';

/** A text of the engine's in the language of the editor; as it is when it is not one of those known. */
export const engineText = engineTranslator(vscode.l10n.bundle ?? {});
